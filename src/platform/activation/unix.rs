//! The protocol `xdg-activation-v1` of Wayland, over the connection that the window has.

use raw_window_handle::{RawDisplayHandle, RawWindowHandle};
use wayland_client::backend::{Backend, ObjectId};
use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_client::{Connection, Dispatch, Proxy as _, delegate_noop};
use wayland_protocols::xdg::activation::v1::client::xdg_activation_v1::XdgActivationV1;

#[derive(Debug)]
pub(super) struct Activation {
    connection: Connection,
    desktop: XdgActivationV1,
    surface: WlSurface,
}

impl Activation {
    #[expect(unsafe_code, reason = "the connection and the surface are the window's")]
    pub(super) fn of(display: RawDisplayHandle, window: RawWindowHandle) -> Option<Self> {
        let (RawDisplayHandle::Wayland(display), RawWindowHandle::Wayland(window)) =
            (display, window)
        else {
            return None;
        };
        // SAFETY: the display lives at least as long as its window, before which this is
        // dropped; a backend of a foreign display does not close it.
        let backend = unsafe { Backend::from_foreign_display(display.display.as_ptr().cast()) };
        let connection = Connection::from_backend(backend);
        // SAFETY: the surface is that of a window which is there, and is a `wl_surface`.
        let id =
            unsafe { ObjectId::from_ptr(WlSurface::interface(), window.surface.as_ptr().cast()) };
        let surface = WlSurface::from_id(&connection, id.ok()?).ok()?;
        let (globals, queue) = registry_queue_init::<Nobody>(&connection).ok()?;
        let desktop = globals.bind(&queue.handle(), 1..=1, ()).ok()?;
        Some(Self { connection, desktop, surface })
    }

    pub(super) fn bring_to_front(&self, token: &str) {
        self.desktop.activate(token.to_owned(), &self.surface);
        if let Err(error) = self.connection.flush() {
            tracing::warn!(%error, "the window was not brought to the front");
        }
    }
}

/// Whom the desktop tells nothing that matters here.
struct Nobody;

delegate_noop!(Nobody: XdgActivationV1);

impl Dispatch<WlRegistry, GlobalListContents> for Nobody {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: <WlRegistry as wayland_client::Proxy>::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &wayland_client::QueueHandle<Self>,
    ) {
    }
}
