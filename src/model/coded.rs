//! Kinds of trouble, each with a stable text, what happened, and what to do.

/// Makes an enum of such kinds: `NAME = "text", "What happened", "What to do.";`.
macro_rules! coded {
    (
        $(#[$attribute:meta])*
        pub enum $kinds:ident {
            $( $(#[$about:meta])* $name:ident = $text:literal, $summary:literal, $advice:literal; )*
        }
    ) => {
        $(#[$attribute])*
        pub enum $kinds {
            $( $(#[$about])* $name, )*
        }

        impl $kinds {
            /// All of them, for the catalogue and its tests.
            pub const ALL: &[Self] = &[ $( Self::$name, )* ];

            /// The stable text form, `unauthorized` for example.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// What happened, in one short sentence without a full stop.
            pub fn summary(self) -> &'static str {
                match self { $( Self::$name => $summary, )* }
            }

            /// What to do about it.
            pub fn advice(self) -> &'static str {
                match self { $( Self::$name => $advice, )* }
            }
        }
    };
}

pub(crate) use coded;
