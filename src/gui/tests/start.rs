use super::harness::Window;
use egui::Modifiers;

#[test]
fn it_begins_with_the_state_of_the_service() {
    let t = std::time::Instant::now();
    let mut window = Window::open();
    eprintln!("open {:?}", t.elapsed());
    eprintln!("{}", window.dump());
    let t = std::time::Instant::now();
    window.click_row("legacy-soap", Modifiers::NONE);
    eprintln!("click {:?}", t.elapsed());
    eprintln!("{}", window.dump());
    let t = std::time::Instant::now();
    for _ in 0..10 {
        window.step();
    }
    eprintln!("10 frames {:?}", t.elapsed());
    let t = std::time::Instant::now();
    window.picture("probe");
    eprintln!("picture {:?}", t.elapsed());
}
