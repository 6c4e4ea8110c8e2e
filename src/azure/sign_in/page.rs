//! The page that a browser shows at the end of a sign-in, in the browser's language.

/// What the page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// It worked.
    SignedIn,
    /// It did not, and why.
    Failed(String),
    /// This answer belongs to no sign-in that waits here.
    NotAsked,
    /// There was an answer already.
    Again,
}

/// Languages of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The first one of `Accept-Language` that there is.
    pub(super) fn of(accepted: &str) -> Self {
        let mut tags = accepted.split(',').map(|tag| tag.trim().to_ascii_lowercase());
        let known = tags.find(|tag| tag.starts_with("zh") || tag.starts_with("en"));
        if known.is_some_and(|tag| tag.starts_with("zh")) { Self::Chinese } else { Self::English }
    }
}

impl Page {
    fn texts(&self, language: Language) -> (&'static str, &'static str) {
        match (language, self) {
            (Language::English, Self::SignedIn) => (
                "You are signed in",
                "Go back to Hybrid Connection Manager. This page can be closed.",
            ),
            (Language::English, Self::Failed(_)) => (
                "The sign-in did not work",
                "Hybrid Connection Manager says more, and what to do. This page can be closed.",
            ),
            (Language::English, Self::NotAsked) => (
                "No sign-in waits for this answer",
                "It was not used. Start the sign-in again in Hybrid Connection Manager.",
            ),
            (Language::English, Self::Again) => (
                "This answer has been used already",
                "Go back to Hybrid Connection Manager. This page can be closed.",
            ),
            (Language::Chinese, Self::SignedIn) => {
                ("您已登录", "请返回混合连接管理器。可以关闭此页面。")
            }
            (Language::Chinese, Self::Failed(_)) => {
                ("登录未成功", "混合连接管理器会说明原因和解决办法。可以关闭此页面。")
            }
            (Language::Chinese, Self::NotAsked) => {
                ("没有正在等待此应答的登录", "该应答未被使用。请在混合连接管理器中重新登录。")
            }
            (Language::Chinese, Self::Again) => {
                ("此应答已被使用", "请返回混合连接管理器。可以关闭此页面。")
            }
        }
    }

    /// The page as HTML. It takes the code out of the address bar, and closes itself where
    /// the browser lets it.
    pub(super) fn html(&self, language: Language, nonce: &str) -> String {
        let (title, text) = self.texts(language);
        let detail = match self {
            Self::Failed(reason) => format!("<p class=\"why\">{}</p>", escape(reason)),
            _ => String::new(),
        };
        let (tag, sign, color) = match (language, self) {
            (Language::English, Self::SignedIn) => ("en", "✓", "#107c41"),
            (Language::Chinese, Self::SignedIn) => ("zh-CN", "✓", "#107c41"),
            (Language::English, _) => ("en", "!", "#a4262c"),
            (Language::Chinese, _) => ("zh-CN", "!", "#a4262c"),
        };
        let close = match self {
            Self::SignedIn => "setTimeout(()=>window.close(),3000);",
            _ => "",
        };
        format!(
            "<!DOCTYPE html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <style nonce=\"{nonce}\">:root{{color-scheme:light dark}}\
             body{{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:flex;\
             align-items:center;justify-content:center}}main{{max-width:30rem;padding:2rem;\
             text-align:center}}.sign{{display:inline-block;width:3.5rem;line-height:3.5rem;\
             border-radius:50%;background:{color};color:#fff;font-size:2rem}}\
             h1{{font-size:1.4rem;margin:1rem 0 .5rem}}p{{margin:.5rem 0}}\
             .why{{opacity:.75;overflow-wrap:anywhere}}</style></head>\
             <body><main><div class=\"sign\" aria-hidden=\"true\">{sign}</div><h1>{title}</h1>\
             <p>{text}</p>{detail}</main>\
             <script nonce=\"{nonce}\">history.replaceState(null,'',location.pathname);{close}\
             </script></body></html>"
        )
    }
}

/// `text` as it stands in HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_speaks_the_browsers_language() {
        assert_eq!(Language::of("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(Language::of("de, en;q=0.5, zh;q=0.1"), Language::English);
        assert_eq!(Language::of(""), Language::English);
        assert!(Page::SignedIn.html(Language::Chinese, "n").contains("您已登录"));
    }

    #[test]
    fn what_azure_says_cannot_change_the_page() {
        let html = Page::Failed("<script>alert('x')</script>".into()).html(Language::English, "n");
        assert!(!html.contains("<script>alert") && html.contains("&lt;script&gt;"), "{html}");
    }
}
