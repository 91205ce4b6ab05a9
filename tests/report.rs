use rapporteur::report::*;
#[test]
fn dump() {
    for name in std::env::var("DUMP")
        .unwrap_or_default()
        .split(' ')
        .filter(|n| !n.is_empty())
    {
        match read(name, &std::fs::read(name).unwrap(), &Context::default()) {
            Ok(r) => println!("== {name}\n{}\n{}\n{}", explain_text(&r), r.body_text, r.body_html),
            Err(e) => println!("== {name} REFUSED {e}"),
        }
    }
}
