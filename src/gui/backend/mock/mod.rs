//! A service that is made up, for design work (`--mock-service`) and tests. It answers as
//! the real one does, at once.

mod azure;
mod diagnosis;
mod gateways;
mod upgrade;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

#[cfg(test)]
pub(crate) use self::upgrade::Ending;
use self::upgrade::Happening;
use super::live::Waker;
use super::{Backend, GatewayNews, News, Refusal};
use crate::gui::effect::Effect;
use crate::gui::sample;
use crate::gui::state::{Link, LinkProblem};
use crate::ipc::Push;
use crate::ipc::protocol::{ErrorCode, Event, Request, RequestError, Response};
use crate::model::upgrade::UpgradeProgress;
use crate::model::{
    ConnectionCheck, ConnectionId, ConnectionSelector, ConnectionStatus, ConnectionString,
    ConnectionView, Desired, Fault, FaultCode, Reachability, Settings, Snapshot, Traffic,
};
use crate::platform::elevation::Consent;

/// The endpoint of a hybrid connection with this name refuses.
pub(crate) const ASLEEP: &str = "asleep";

/// The made-up service.
#[derive(Debug)]
pub(crate) struct Mock {
    snapshot: Snapshot,
    settings: Settings,
    news: VecDeque<News>,
    /// What was asked for, for tests.
    pub asked: Vec<String>,
    clock: fn() -> Timestamp,
    /// Azure, as far as it is made up too.
    azure: azure::Azure,
    /// An upgrade, while there is one.
    upgrade: upgrade::Upgrade,
    /// Looks for what is wrong, while there are any.
    looks: diagnosis::Looks,
    /// Has the window look for what comes later.
    waker: Waker,
}

impl Mock {
    /// A service that has `snapshot`.
    pub(crate) fn new(snapshot: Snapshot, clock: fn() -> Timestamp) -> Self {
        let version = snapshot.service.version.clone();
        let first = Push::Snapshot(Box::new(snapshot.clone()));
        let news = [News::Link(Link::managed(version)), News::Push(first)].into();
        let azure = azure::Azure::default();
        let (settings, waker) = (Settings::default(), Waker::default());
        let (upgrade, looks, asked) = (upgrade::Upgrade::default(), Default::default(), Vec::new());
        Self { snapshot, settings, news, asked, clock, azure, upgrade, looks, waker }
    }

    /// The service that `--mock-service` shows.
    pub(crate) fn sample(waker: Waker) -> Self {
        let mut snapshot = sample::snapshot(Timestamp::now());
        snapshot.service.upgrade = Some(Box::new(sample::newer()));
        let mock = Self::new(snapshot, Timestamp::now);
        Self { waker, ..mock.with_slow_azure() }
    }

    /// One whose upgrade ends in this way.
    #[cfg(test)]
    pub(crate) fn with_ending(mut self, ending: Ending) -> Self {
        self.upgrade.ending = ending;
        self
    }

    /// One whose Azure takes a moment for everything, as the real one does.
    pub(crate) fn with_slow_azure(mut self) -> Self {
        self.azure.takes_its_time();
        self
    }

    /// Tells `news` next.
    #[cfg(test)]
    pub(crate) fn tell(&mut self, news: News) {
        self.news.push_back(news);
    }

    fn publish(&mut self, event: Event) {
        let revision = self.snapshot.revision + 1;
        event.clone().apply(&mut self.snapshot, revision);
        self.news.push_back(News::Push(Push::Event { revision, event }));
    }

    fn answer(&mut self, request: Request) -> Result<Response, Refusal> {
        match request {
            Request::AddConnection { connection_string, replace, resource } => {
                let string = parse(connection_string.expose())?;
                let id = string.id.clone();
                if self.view(&id).is_some() && !replace {
                    let message = format!("{id} is there already");
                    return Err(refusal(ErrorCode::AlreadyExists, message));
                }
                let mut view = self.fresh(&string);
                view.resource = resource;
                self.publish(Event::Connection { connection: Box::new(view) });
                Ok(Response::Connection { id })
            }
            Request::RemoveConnection { connection } => {
                let id = self.find(&connection)?.id.clone();
                self.publish(Event::Removed { id });
                Ok(Response::Done)
            }
            Request::RestartConnection { connection } => self.change(&connection, |view| {
                view.status = ConnectionStatus::Connecting { attempt: 1, last: None };
            }),
            Request::EnableConnection { connection } => self.change(&connection, |view| {
                view.desired = Desired::Enabled;
                view.status = ConnectionStatus::Starting;
            }),
            Request::DisableConnection { connection } => self.change(&connection, |view| {
                view.desired = Desired::Disabled;
                view.status = ConnectionStatus::Disabled;
            }),
            Request::TryNow { connection: Some(connection) } => self.change(&connection, |view| {
                view.status = ConnectionStatus::Connecting { attempt: 1, last: None };
            }),
            Request::CheckEndpoint { connection } => {
                let reachability = self.reachability();
                self.change(&connection, |view| view.reachability = Some(reachability))
            }
            Request::CheckConnectionString { connection_string } => {
                let check = self.check(&parse(connection_string.expose())?);
                Ok(Response::Checked { check: Box::new(check) })
            }
            Request::GetSettings => {
                let names = Settings::NAMES
                    .iter()
                    .map(|name| ((*name).to_owned(), self.settings.get(name).unwrap_or_default()));
                Ok(Response::Settings { settings: names.collect() })
            }
            Request::SetSetting { name, value } => {
                let set = self.settings.set(&name, &value);
                set.map_err(|error| {
                    let error = RequestError::new(ErrorCode::InvalidSetting, error.to_string());
                    Refusal::Said(error.about(Some(&name)))
                })?;
                Ok(Response::Done)
            }
            Request::CheckUpgrade => {
                Ok(Response::Upgrade { upgrade: self.snapshot.service.upgrade.clone() })
            }
            Request::Upgrade { version } => {
                let known = self.snapshot.service.upgrade.as_ref();
                if !known.is_some_and(|known| known.by_service) {
                    let message = "this service cannot be upgraded".to_owned();
                    return Err(refusal(ErrorCode::NotUpgraded, message));
                }
                self.upgrade.begin(&version, (self.clock)());
                Ok(Response::Done)
            }
            // The window does not ask for them.
            Request::Declare { .. }
            | Request::Diagnose { .. }
            | Request::ExportConnections
            | Request::CheckSetting { .. }
            | Request::Snapshot
            | Request::Subscribe
            | Request::Ping
            | Request::TryNow { connection: None }
            | Request::Logs { .. }
            | Request::Shutdown => Ok(Response::Done),
        }
    }

    /// What happens of an upgrade.
    fn happens(&mut self, what: Happening) {
        match what {
            Happening::At(step) => {
                let mut service = self.snapshot.service.clone();
                let upgrade = service.upgrade.get_or_insert_default();
                let version = upgrade.release.as_ref().map(|release| release.version.clone());
                upgrade.progress = version.map(|version| UpgradeProgress { version, step });
                self.publish(Event::Service { service });
            }
            Happening::Gone => {
                let problem = LinkProblem::NotRunning;
                self.news.push_back(News::Link(Link::Down { since: (self.clock)(), problem }));
            }
            Happening::Back(version) => {
                self.snapshot.service.version = version.to_string();
                self.snapshot.service.upgrade = Some(Box::default());
                for view in &mut self.snapshot.connections {
                    view.traffic = Traffic::default();
                    view.status = ConnectionStatus::Connecting { attempt: 1, last: None };
                }
                self.come_up();
            }
            Happening::Connected => {
                let since = (self.clock)();
                for view in &mut self.snapshot.connections {
                    view.status = ConnectionStatus::Connected { since, gateway: None };
                }
                self.come_up();
            }
        }
    }

    /// Says what it is and all that it has.
    fn come_up(&mut self) {
        let version = self.snapshot.service.version.clone();
        self.news.push_back(News::Link(Link::managed(version)));
        self.news.push_back(News::Push(Push::Snapshot(Box::new(self.snapshot.clone()))));
    }

    fn view(&self, id: &ConnectionId) -> Option<&ConnectionView> {
        self.snapshot.connections.iter().find(|view| view.id == *id)
    }

    fn find(&self, selector: &ConnectionSelector) -> Result<&ConnectionView, Refusal> {
        let found = self.snapshot.connections.iter().find(|view| selector.matches(&view.id));
        found.ok_or_else(|| refusal(ErrorCode::NotFound, format!("there is no {selector}")))
    }

    fn change(
        &mut self,
        selector: &ConnectionSelector,
        change: impl FnOnce(&mut ConnectionView),
    ) -> Result<Response, Refusal> {
        let mut view = self.find(selector)?.clone();
        change(&mut view);
        let id = view.id.clone();
        self.publish(Event::Connection { connection: Box::new(view) });
        Ok(Response::Connection { id })
    }

    fn fresh(&self, string: &ConnectionString) -> ConnectionView {
        let now = (self.clock)();
        let mut view = sample::snapshot(now).connections.swap_remove(0);
        view.id = string.id.clone();
        view.key_name = string.credential.key_name().to_owned();
        view.traffic = Traffic::default();
        view.status = ConnectionStatus::Connected { since: now, gateway: Some("G7".to_owned()) };
        view
    }

    fn check(&self, string: &ConnectionString) -> ConnectionCheck {
        let name = string.id.name();
        ConnectionCheck {
            id: string.id.clone(),
            key_name: string.credential.key_name().to_owned(),
            already_added: self.view(&string.id).is_some(),
            endpoint: format!("{name}.corp.contoso.com:8443").parse().ok(),
            mended: false,
            listener_count: Some(0),
            fault: None,
            reachability: Some(match name {
                ASLEEP => self.refused(),
                _ => self.reachability(),
            }),
        }
    }

    fn refused(&self) -> Reachability {
        let fault = Fault::new(FaultCode::EndpointRefused, "");
        Reachability { connect_micros: None, fault: Some(fault), ..self.reachability() }
    }

    fn reachability(&self) -> Reachability {
        Reachability { checked_at: (self.clock)(), connect_micros: Some(1_800), fault: None }
    }
}

impl Backend for Mock {
    fn begin(&mut self, effect: Effect) {
        match effect {
            Effect::Ask { ticket, request } => {
                self.asked.push(format!("{request:?}"));
                if let Request::Diagnose { connection, .. } = &request {
                    let found = connection.as_ref().and_then(|which| self.find(which).ok());
                    return self.looks.begin(ticket, found.cloned().as_ref(), (self.clock)());
                }
                let outcome = self.answer(request);
                self.news.push_back(News::Answer { ticket, outcome });
            }
            Effect::AskAutostart => self.news.push_back(News::Autostart(Ok(false))),
            Effect::SetAutostart(on) => self.news.push_back(News::Autostart(Ok(on))),
            Effect::Elevate => self.news.push_back(News::Elevated(Ok(Consent::Declined))),
            Effect::StartService | Effect::CallNow => self.come_up(),
            Effect::RestartWindow => {
                self.asked.push(format!("{effect:?}"));
                self.news.push_back(News::StartedAgain(Ok(())));
            }
            Effect::StartDemo => {
                self.news.push_back(News::DemoStarted);
                let version = self.snapshot.service.version.clone();
                self.news.push_back(News::Link(Link::managed(version)));
                let snapshot = sample::snapshot((self.clock)());
                self.news.push_back(News::Push(Push::Snapshot(Box::new(snapshot))));
            }
            Effect::Azure { run, work } => {
                self.asked.push(format!("{work:?}"));
                self.azure.begin(run, work, (self.clock)());
            }
            Effect::FindGateways { run, list } => {
                self.asked.push("FindGateways".to_owned());
                let list = Box::new(gateways::begun(*list));
                let steps = [
                    GatewayNews::Begun(list),
                    GatewayNews::Found(gateways::found()),
                    GatewayNews::Ended,
                ];
                let told = steps.into_iter().map(|news| News::Gateways { run, news });
                self.news.extend(told);
            }
            other => self.asked.push(format!("{other:?}")),
        }
    }

    fn next(&mut self) -> Option<News> {
        let now = (self.clock)();
        while let Some(what) = self.upgrade.next(now) {
            self.happens(what);
        }
        let next = self.news.pop_front().or_else(|| self.looks.next(now));
        let next = next.or_else(|| self.azure.next(now));
        let later = [self.azure.next_at(), self.upgrade.next_at(), self.looks.next_at()];
        let later = later.into_iter().flatten().min();
        if let (None, Some(at)) = (&next, later) {
            self.waker.wake(Duration::try_from(at.duration_since(now)).unwrap_or_default());
        }
        next
    }
}

fn parse(text: &str) -> Result<ConnectionString, Refusal> {
    ConnectionString::parse(text)
        .map_err(|error| refusal(ErrorCode::InvalidConnectionString, error.to_string()))
}

fn refusal(code: ErrorCode, message: String) -> Refusal {
    Refusal::Said(RequestError::new(code, message))
}
