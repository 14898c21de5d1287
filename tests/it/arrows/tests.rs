use super::*;

fn scanned(files: &[(&str, &str)]) -> Scan {
    let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let files: Vec<_> = files.iter().map(owned).collect();
    scan(&files, "own", "other")
}

/// Every arrow as `from → to`, `/` between the parts of a path.
fn arrows(files: &[(&str, &str)]) -> Vec<String> {
    let arrows = scanned(files).arrows.into_iter();
    arrows
        .map(|arrow| format!("{} → {}", arrow.from.join("/"), arrow.to.join("/")))
        .collect()
}

#[test]
fn every_way_to_write_a_path_is_an_arrow() {
    for text in [
        "use crate::b::c::Item;",
        "use crate::{b::{c::{self, Item}}};",
        "pub(crate) use own::b::c::*;",
        "use super::super::b::{c as other};",
        "fn f() { crate::b::c::item() }",
        "fn f() -> Vec<super::super::b::c::Item> {}",
        "mod inline { use super::super::super::b::c::Item; }",
        "macro_rules! m { () => { $crate::b::c::Item } }",
        "#[cfg(unix)] use crate::b::c::Item;",
    ] {
        let files = [("a/x.rs", text), ("b/mod.rs", ""), ("b/c.rs", "")];
        assert_eq!(arrows(&files)[..1], ["a/x → b/c"], "{text}");
    }
}

#[test]
fn what_is_none_is_no_arrow() {
    for text in [
        "// use crate::b::Item;",
        "/// [`crate::b::Item`]\nstruct A;",
        "const A: &str = \"crate::b\";",
        "pub(in crate::b) struct A;",
        "use self::Item; use std::b::Item; fn f() { b::item() }",
        "#[cfg(test)] use crate::b::Item;",
        "#[cfg(test)] #[allow(dead_code)] fn f() { crate::b::item() }",
        "#[cfg(test)]\nmod tests { use super::*; use crate::b::Item; fn f() { {} } }",
        "fn f() -> impl Iterator + use<'_> {}",
    ] {
        assert_eq!(arrows(&[("a.rs", text), ("b.rs", "")]), [""; 0], "{text}");
    }
    let text = "#[cfg(test)] fn f() {} fn g() { crate::b::item() }";
    assert_eq!(arrows(&[("a.rs", text), ("b.rs", "")]), ["a → b"]);
}

#[test]
fn files_of_tests_are_left_out() {
    let files = [
        (
            "a/mod.rs",
            "#[cfg(test)]\nmod play;\n#[cfg(test)]\nmod tests;",
        ),
        ("a/play/mod.rs", "use crate::b::Item;"),
        ("a/play/more.rs", "use crate::b::Item;"),
        ("a/tests.rs", "use crate::b::Item;"),
        ("a/tests/more.rs", "use crate::b::Item;"),
        ("b.rs", ""),
    ];
    assert_eq!(arrows(&files), [""; 0]);
}

#[test]
fn a_name_that_is_passed_on_comes_from_where_it_is_defined() {
    let files = [
        ("a/mod.rs", "mod one; mod two; pub use one::{One as Other};"),
        ("a/one.rs", ""),
        ("a/two.rs", "use super::Other;"),
        ("b.rs", "use crate::a::{Other, Here};"),
    ];
    assert_eq!(
        arrows(&files),
        ["a → a/one", "a/two → a/one", "b → a", "b → a/one"]
    );
}

#[test]
fn a_child_that_is_used_by_its_parent_is_an_arrow() {
    let files = [
        ("a/mod.rs", "mod one; fn f() { one::item() }"),
        ("a/one.rs", "use super::Item;"),
    ];
    assert_eq!(arrows(&files), ["a → a/one", "a/one → a"]);
}

#[test]
fn uses_of_the_crate_below_are_kept_apart() {
    let scan = scanned(&[
        ("a/x.rs", "\nuse other::Item;"),
        ("b.rs", "use elsewhere::Item;"),
    ]);
    let (module, place) = scan.outside.first_key_value().unwrap();
    assert_eq!(
        (module.join("/"), place),
        ("a/x".to_owned(), &("a/x.rs".to_owned(), 2))
    );
    assert_eq!(scan.outside.len(), 1);
}

const MAP: &str = "# A\n```arrows\ncommands → src\n\nsrc:\n  a → b, c\n```\nb → a\n";

const PLACE: Crate = Crate {
    folder: "src",
    name: "own",
    below: "probes",
    below_name: "other",
};

#[test]
fn an_arrow_that_is_added_is_named_with_its_place() {
    let mut files = vec![
        ("a/x.rs", "use crate::b::Item;\nuse crate::c::Item;"),
        ("b/mod.rs", ""),
        ("c.rs", ""),
    ];
    let map = Map::read(MAP);
    assert_eq!(not_on_the_map(&PLACE, &scanned(&files), &map), [""; 0]);
    files[1].1 = "\n\nuse {std::fmt, crate::{c::Other}};\nuse other::Probe;";
    assert_eq!(
        not_on_the_map(&PLACE, &scanned(&files), &map),
        [
            "src/b/mod.rs:3: b → c is not on the map",
            "src/b/mod.rs:4: b → probes is not on the map"
        ]
    );
}

#[test]
fn an_arrow_of_the_map_that_nothing_draws_is_named() {
    let files = [("a.rs", "use crate::b::Item;"), ("b.rs", ""), ("c.rs", "")];
    assert_eq!(
        not_on_the_map(&PLACE, &scanned(&files), &Map::read(MAP)),
        ["src: c is on the map after [\"a\"], but nothing there uses it"]
    );
}

#[test]
fn circles_of_rooms_and_of_files_in_different_folders_are_found() {
    let rooms = [
        ("a/mod.rs", ""),
        ("a/x.rs", "use crate::b::Item;"),
        ("a/y.rs", ""),
        ("b.rs", "use crate::a::y::Other;"),
    ];
    let found = all_circles("src", &scanned(&rooms));
    let (folders, lines) = &found[0];
    assert_eq!(folders, &["src/a", "src/b"].map(str::to_owned).into());
    assert_eq!(lines, &["  src/a/x.rs:1: a/x → b", "  src/b.rs:1: b → a/y"]);
    assert_eq!(found.len(), 1);
    let files = [
        ("a/mod.rs", "mod x; mod deep; use deep::one::Item;"),
        ("a/deep/one.rs", "use crate::a::x::Other;"),
        ("a/deep/mod.rs", "mod one; mod two;"),
        ("a/x.rs", "use super::Above;"),
    ];
    let found = all_circles("src", &scanned(&files));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].0,
        ["src/a", "src/a/deep"].map(str::to_owned).into()
    );
}

#[test]
fn files_of_one_folder_may_know_each_other() {
    let files = [
        ("a/mod.rs", "mod x; mod y; use x::Item;"),
        ("a/x.rs", "use super::{y::Item, Item2};"),
        ("a/y.rs", "use super::x::Item;"),
    ];
    assert_eq!(all_circles("src", &scanned(&files)).len(), 0);
}
