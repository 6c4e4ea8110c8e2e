//! A key is nowhere but in the field's own text: not on the screen, not in what a screen
//! reader gets, not on the clipboard, not in what is logged.

use egui::epaint::Shape;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::NodeT as _;
use jiff::SignedDuration;

use super::harness::Window;
use super::strings::{KEY, string};
use crate::gui::backend::Backend as _;
use crate::gui::effect::Effect;
use crate::gui::state::Dialog;
use crate::ipc::protocol::Request;

/// No eight characters of the key that stand together are in `text`.
#[track_caller]
fn assert_keyless(text: &str, place: &str) {
    for start in 0..=KEY.len() - 8 {
        let piece = &KEY[start..start + 8];
        assert!(!text.contains(piece), "{piece} in {place}: {text}");
    }
}

#[track_caller]
fn assert_hidden(window: &Window) {
    for node in window.root().children_recursive() {
        let node = node.accesskit_node();
        // Label, value, description, placeholder, and whatever else it may have.
        assert_keyless(&format!("{:?}", node.data()), "the accessible tree");
        for text in [node.label(), node.value()].into_iter().flatten() {
            assert_keyless(&text, "the accessible tree");
        }
    }
    let mut painted = String::new();
    for clipped in &window.output().shapes {
        texts(&clipped.shape, &mut painted);
    }
    assert!(painted.contains("EntityPath") || painted.contains('•'), "the field is painted");
    assert_keyless(&painted, "the picture");
    assert_keyless(&format!("{:?}", *window.state()), "the state");
    assert_keyless(&window.desk.asked().join("\n"), "the requests");
}

fn texts(shape: &Shape, found: &mut String) {
    match shape {
        Shape::Text(text) => {
            found.push_str(text.galley.text());
            found.push('\n');
        }
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| texts(shape, found)),
        _ => {}
    }
}

/// What people paste: whole, in quotes, cut off, in the middle of something else.
fn pasted() -> Vec<String> {
    let whole = string("payroll");
    let bare = format!("my key is {KEY}");
    let cut = whole.replace(";EntityPath=payroll", "");
    let wrapped = whole.replace(&KEY[20..], &format!("\n{}", &KEY[20..]));
    vec![
        format!("\"{whole}\""),
        bare,
        cut,
        wrapped,
        whole.replace("SharedAccessKey=", "Key="),
        whole,
    ]
}

#[test]
fn a_key_is_not_seen_while_it_is_in_the_field_of_a_new_one() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    for text in pasted() {
        window.chord(Modifiers::COMMAND, Key::A);
        window.paste(&text);
        assert_hidden(&window);
        window.pass(SignedDuration::from_millis(400));
        assert_hidden(&window);
    }
    window.click(&window.text("create"));
    assert_keyless(&format!("{:?}", *window.state()), "the state");
    assert_keyless(&window.dump(), "the window");
}

#[test]
fn a_key_is_not_seen_while_it_is_in_the_field_of_an_update() {
    let mut window = Window::open();
    window.click_row("erp-sql", Modifiers::NONE);
    window.click(&window.text("update"));
    for text in pasted() {
        window.chord(Modifiers::COMMAND, Key::A);
        window.paste(&text);
        window.pass(SignedDuration::from_millis(400));
        assert_hidden(&window);
    }
}

/// All of the field that has the keyboard is copied and cut, and nothing comes of it.
fn assert_stays_in_field(window: &mut Window) {
    for event in [Event::Copy, Event::Cut] {
        window.chord(Modifiers::COMMAND, Key::A);
        window.send(event);
        window.settle();
        assert_eq!(window.copied, None);
    }
}

#[test]
fn a_key_does_not_leave_the_field_by_the_clipboard() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.paste(&string("payroll"));
    assert_stays_in_field(&mut window);
}

#[test]
fn a_key_does_not_come_back_by_undo_once_its_dialog_is_closed() {
    let mut window = Window::open();
    // What stands for a while can be undone to.
    let rest = |window: &mut Window| (0..10).for_each(|_| window.step());
    let open = |window: &mut Window| {
        window.chord(Modifiers::COMMAND, Key::N);
        window.type_text("x");
        rest(window);
    };
    open(&mut window);
    window.paste(&string("payroll"));
    rest(&mut window);
    window.key(Key::Escape);
    open(&mut window);
    for _ in 0..4 {
        window.chord(Modifiers::COMMAND, Key::Z);
        let state = window.state();
        let Some(Dialog::New(form)) = &state.dialog else { panic!("closed") };
        assert!(form.text.0.len() <= 1, "{} bytes", form.text.0.len());
    }
}

/// "Select with Azure", where the service alone knows the password of the proxy.
fn at_proxy() -> Window {
    let mut window = Window::open();
    let (name, value) = ("network.proxy".to_owned(), "http://me:hidden@proxy:3128".to_owned());
    window.desk.begin(Effect::Ask { ticket: 0, request: Request::SetSetting { name, value } });
    open_azure(&mut window);
    window
}

fn open_azure(window: &mut Window) {
    window.chord(Modifiers::COMMAND, Key::N);
    window.click(&window.text("select-with-azure"));
}

/// What is typed stands for a while, and so can be undone to.
fn type_and_rest(window: &mut Window, text: &str) {
    window.click(&window.text("azure-proxy-password"));
    window.chord(Modifiers::COMMAND, Key::A);
    window.type_text(text);
    (0..10).for_each(|_| window.step());
}

#[test]
fn the_password_of_the_proxy_is_as_hidden_as_a_key() {
    let mut window = at_proxy();
    type_and_rest(&mut window, KEY);
    assert_hidden(&window);
    assert_stays_in_field(&mut window);
}

#[test]
fn the_password_of_the_proxy_does_not_come_back_by_undo() {
    let ways: [fn(&mut Window); 3] = [
        |window| {
            window.key(Key::Escape);
            open_azure(window);
        },
        |window| {
            window.click(&window.text("use-connection-string"));
            window.click(&window.text("select-with-azure"));
        },
        |window| {
            window.click(&window.text("azure-sign-in"));
            window.click(&window.text("azure-another-account"));
        },
    ];
    for (place, way) in ways.into_iter().enumerate() {
        let mut window = at_proxy();
        type_and_rest(&mut window, KEY);
        type_and_rest(&mut window, "x");
        way(&mut window);
        window.click(&window.text("azure-proxy-password"));
        for _ in 0..4 {
            window.chord(Modifiers::COMMAND, Key::Z);
            let typed = window.state().azure().unwrap().proxy_password.0.len();
            assert!(typed <= 1, "{place}: {typed} bytes");
        }
    }
}

#[test]
fn a_refusal_that_repeats_what_was_sent_is_the_services_to_hide() {
    // The window shows a refusal as it came; the parser's own never has a key in it.
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.paste(
        &string("payroll").replace("SharedAccessKey=", "SharedAccessKey=x;SharedAccessKey="),
    );
    assert_hidden(&window);
}
