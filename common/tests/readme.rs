//! What the README says of settings is what the programs know.

#![cfg(feature = "io")]

use common::settings::{Program, table_markdown};

#[test]
fn the_readme_has_the_table_of_all_settings() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).expect("README.md stands at the top of the workspace");
    let (_, rest) = readme.split_once("<!-- settings -->\n").expect("the table begins after <!-- settings -->");
    let (found, _) = rest.split_once("<!-- end of settings -->").expect("it ends before <!-- end of settings -->");
    let expected = table_markdown(Program::Both);
    assert!(found.trim() == expected.trim(), "README.md's settings table should be:\n{expected}");
}
