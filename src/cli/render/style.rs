//! Colours by role. They only ever underline what the words say.

/// What a piece of text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// Ordinary text.
    #[default]
    Plain,
    /// It works.
    Good,
    /// On its way, or worth a look.
    Busy,
    /// It does not work.
    Bad,
    /// Less important.
    Faint,
    /// A heading.
    Strong,
}

/// Whether colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// Whether they are.
    pub(crate) color: bool,
}

impl Style {
    /// Text without colours.
    pub(crate) const PLAIN: Self = Self { color: false };

    /// `text` in the colour of `role`.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        let code = match role {
            Role::Good => "32",
            Role::Busy => "33",
            Role::Bad => "31",
            Role::Faint => "2",
            Role::Strong => "1",
            Role::Plain => "",
        };
        if self.color && !code.is_empty() && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
