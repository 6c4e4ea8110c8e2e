//! `hcm settings get` and `hcm settings set`.

use std::path::Path;

use crate::cli::args::Settings;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, render};
use crate::ipc::Client;
use crate::ipc::protocol::{ErrorCode, Request, RequestError, Response};

/// Settings whose value is the path of a PEM file.
const FILES: [&str; 1] = ["network.extra_ca_certificates"];

pub(in crate::cli) type Values = Vec<(String, String)>;

pub(super) async fn run(context: &Context<'_>, arguments: Settings) -> Result<Exit, Failure> {
    match arguments {
        Settings::Get { name } => {
            let values = all(&mut context.connect_to_manage().await?).await?;
            match name {
                None => print_all(context, &values)?,
                Some(name) => print_one(context, one(values, &name)?)?,
            }
        }
        Settings::Set { name, value } => {
            let value = if FILES.contains(&name.as_str()) { file(&name, &value)? } else { value };
            let mut client = context.connect_to_manage().await?;
            client.request(Request::SetSetting { name: name.clone(), value }).await?;
            let now = one(all(&mut client).await?, &name)?;
            if context.printer.is_json() {
                print_one(context, now)?;
            } else {
                context.printer.done(&shown(&now))?;
            }
        }
    }
    Ok(Exit::Ok)
}

pub(in crate::cli) async fn all(client: &mut Client) -> Result<Values, Failure> {
    match client.request(Request::GetSettings).await? {
        Response::Settings { settings } => Ok(settings),
        other => Err(super::unexpected(&other)),
    }
}

fn one(values: Values, name: &str) -> Result<(String, String), Failure> {
    let names: Vec<String> = values.iter().map(|(name, _)| name.clone()).collect();
    let found = values.into_iter().find(|(known, _)| known == name);
    found.ok_or_else(|| {
        let text = format!("there is no setting \"{name}\"; there are: {}", names.join(", "));
        invalid(name, text)
    })
}

fn print_all(context: &Context<'_>, values: &Values) -> Result<(), Failure> {
    if context.printer.is_json() {
        return context.printer.line(&render::json::settings(values));
    }
    let lines: Vec<String> = values.iter().map(shown).collect();
    context.printer.lines(&lines)
}

/// A value alone goes into a script as it is.
fn print_one(context: &Context<'_>, one: (String, String)) -> Result<(), Failure> {
    if context.printer.is_json() {
        context.printer.line(&render::json::settings(&[one]))
    } else {
        context.printer.line(&one.1)
    }
}

fn shown((name, value): &(String, String)) -> String {
    let value = render::text::plain(value);
    if value.is_empty() { format!("{name} is not set") } else { format!("{name} = {value}") }
}

/// The absolute path of the PEM file `value`; empty takes the setting away.
///
/// # Errors
/// A file that is missing, cannot be read, or has no certificate in it.
fn file(name: &str, value: &str) -> Result<String, Failure> {
    if value.trim().is_empty() {
        return Ok(String::new());
    }
    let path = std::path::absolute(value)
        .map_err(|error| invalid(name, format!("\"{value}\" is no path of a file: {error}")))?;
    let text = std::fs::read(&path).map_err(|error| {
        let text = format!("the file {} cannot be read: {error}", path.display());
        invalid(name, text)
    })?;
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if !text.windows(BEGIN.len()).any(|window| window == BEGIN) {
        let text = format!(
            "the file {} has no certificate in PEM form (-----BEGIN CERTIFICATE-----) in it",
            path.display()
        );
        return Err(invalid(name, text));
    }
    path_text(name, &path)
}

fn path_text(name: &str, path: &Path) -> Result<String, Failure> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| invalid(name, format!("the path {} is not valid UTF-8", path.display())))
}

fn invalid(name: &str, text: String) -> Failure {
    RequestError::new(ErrorCode::InvalidSetting, text).about(Some(name)).into()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const NAME: &str = FILES[0];

    #[test]
    fn a_ca_file_must_be_there_and_hold_a_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.pem");
        let failure = file(NAME, missing.to_str().unwrap()).unwrap_err();
        assert_eq!((failure.exit, failure.field.as_deref()), (Exit::InvalidInput, Some(NAME)));
        assert!(failure.message.contains("missing.pem cannot be read"), "{failure}");
        assert!(file(NAME, folder.path().to_str().unwrap()).is_err());

        let mut ca = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
        let failure = file(NAME, ca.path().to_str().unwrap()).unwrap_err();
        assert!(failure.message.contains("no certificate"), "{failure}");
        ca.write_all(b"# ours\n-----BEGIN CERTIFICATE-----\n").unwrap();
        let path = ca.path().to_str().unwrap();
        assert_eq!(file(NAME, path).unwrap(), path);
        assert_eq!(file(NAME, " ").unwrap(), "");
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let values = vec![("log.level".to_owned(), "info".to_owned())];
        assert_eq!(one(values.clone(), "log.level").unwrap().1, "info");
        let failure = one(values, "log.lvl").unwrap_err();
        assert_eq!(failure.message, "there is no setting \"log.lvl\"; there are: log.level");
        assert_eq!(failure.code, "invalid-setting");
        assert_eq!(shown(&("a.b".into(), String::new())), "a.b is not set");
        assert_eq!(shown(&("a.b".into(), "3".into())), "a.b = 3");
    }
}
