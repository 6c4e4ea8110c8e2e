//! `hcm explain`: what a code means. It asks nobody.

use crate::cli::args::Explain;
use crate::cli::exit::Exit;
use crate::cli::explain;
use crate::cli::failure::Failure;
use crate::cli::{Context, render};

pub(super) fn run(context: &Context<'_>, arguments: &Explain) -> Result<Exit, Failure> {
    let printer = context.printer;
    let (width, style) = (printer.width(), printer.style);
    let Some(code) = &arguments.code else {
        let all: Vec<_> = explain::all().collect();
        if printer.is_json() {
            printer.line(&render::json::explained(&all))?;
        } else {
            printer.lines(&render::explain::list(&all, width, style))?;
        }
        return Ok(Exit::Ok);
    };
    let found = explain::find(code);
    if found.is_empty() {
        return Err(unknown(code));
    }
    if printer.is_json() {
        printer.line(&render::json::explained(&found))?;
    } else {
        printer.lines(&render::explain::entries(&found, width, style))?;
    }
    Ok(Exit::Ok)
}

fn unknown(code: &str) -> Failure {
    let near = explain::nearest(code);
    let hint = match near.as_slice() {
        [] => String::new(),
        near => format!("; like it: {}", near.join(", ")),
    };
    let text = format!("there is no code \"{code}\"{hint}. All codes: hcm explain");
    Failure::new(Exit::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_leads_on() {
        let failure = unknown("unauthorised");
        assert_eq!(failure.exit, Exit::InvalidInput);
        assert!(failure.message.contains("like it: unauthorized"), "{failure}");
        assert_eq!(
            unknown("zzzzzzzzzzzzzzz").message,
            "there is no code \"zzzzzzzzzzzzzzz\". All codes: hcm explain"
        );
    }
}
