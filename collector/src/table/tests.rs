//! What is written is read as the same table, and what cannot be read is refused with its line.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn roles(class: &str, group: Option<&str>) -> Roles {
    Roles { class: class.to_owned(), group: group.map(str::to_owned) }
}

fn read_text(format: Format, text: &str, group: Option<&str>) -> Result<Table, TableError> {
    read(Cursor::new(text), format, &roles("class", group))
}

#[track_caller]
fn check_refused(format: Format, text: &str, message: &str) {
    let error = read_text(format, text, None).unwrap_err();
    assert_eq!(error.to_string(), message);
}

fn small() -> Dataset {
    let feature = |name: &str| Feature { name: name.to_owned(), unit: String::new() };
    Dataset {
        features: vec![feature("cpu"), feature("it's a \"name\", 100 %")],
        columns: vec![vec![1.0, f64::NAN, 1e300], vec![-0.5, 2.25, f64::MIN_POSITIVE]],
        classes: vec!["nginx".to_owned(), "my sql".to_owned()],
        class: vec![1, 0, 0],
        groups: vec!["ns/pod-1/uid/c".to_owned(), "?".to_owned()],
        group: vec![0, 0, 1],
        window: vec![1; 3],
    }
}

#[test]
fn arff_is_written_as_weka_reads_it() {
    let mut out = Vec::new();
    write(&small(), Format::Arff, &mut out).unwrap();
    let wanted = r#"@relation podprint

@attribute cpu numeric
@attribute 'it\'s a \"name\", 100 \%' numeric
@attribute group string
@attribute class {nginx,'my sql'}

@data
1,-0.5,ns/pod-1/uid/c,'my sql'
?,2.25,ns/pod-1/uid/c,nginx
1e300,2.2250738585072014e-308,'?',nginx
"#;
    assert_eq!(String::from_utf8(out).unwrap(), wanted);
}

#[test]
fn csv_is_written_with_header_and_quotes() {
    let mut out = Vec::new();
    write(&small(), Format::Csv, &mut out).unwrap();
    let wanted = "cpu,\"it's a \"\"name\"\", 100 %\",group,class\n1,-0.5,ns/pod-1/uid/c,my sql\n,2.25,ns/pod-1/uid/c,nginx\n1e300,2.2250738585072014e-308,?,nginx\n";
    assert_eq!(String::from_utf8(out).unwrap(), wanted);
}

#[test]
fn names_become_codes_in_the_order_of_their_text() {
    let arff = "% Latin comment\n@RELATION 'a b'\n@Attribute size REAL\n@attribute colour {red, 'dark blue', ?green}\n\
                @attribute class {yes,no}\n@data\n 1 , red,no\n?, 'dark blue' ,yes % end\n\n2.5,?,no\r\n";
    let table = read_text(Format::Arff, arff, None).unwrap();
    // "?green" < "dark blue" < "red"
    assert_eq!(table.coded[0].values, ["?green", "dark blue", "red"]);
    assert_eq!(table.data.columns[1][..2], [2.0, 1.0]);
    assert!(table.data.columns[1][2].is_nan() && table.data.columns[0][1].is_nan());
    assert_eq!(
        (table.data.classes.as_slice(), table.data.class.as_slice()),
        (["yes".to_owned(), "no".to_owned()].as_slice(), [1, 0, 1].as_slice())
    );
    assert_eq!((table.data.groups[2].as_str(), table.group_column), ("row 3", None));
}

#[test]
fn csv_column_with_any_name_is_a_column_of_names() {
    let csv = "\u{feff}a,b,pod, class\n1,1,p1,x\n2,one,p2,w\n ,,p1,x\nNaN,3,p1,x\n";
    let table = read_text(Format::Csv, csv, Some("pod")).unwrap();
    assert_eq!(table.data.features[0].name, "a");
    assert!(table.data.columns[0][2].is_nan() && table.data.columns[0][3].is_nan());
    assert_eq!(table.coded, [Coded { column: "b".to_owned(), values: ["1", "3", "one"].map(str::to_owned).to_vec() }]);
    assert_eq!((table.data.group, table.data.groups.len()), (vec![0, 1, 0, 0], 2));
    assert_eq!((table.data.classes, table.data.class), (vec!["w".to_owned(), "x".to_owned()], vec![1, 0, 1, 1]));
}

#[test]
fn numbers_as_classes_are_names() {
    let arff = "@attribute x numeric\n@attribute class numeric\n@data\n1,7\n2 3\n";
    assert_eq!(read_text(Format::Arff, arff, None).unwrap().data.classes, ["3", "7"]);
    assert_eq!(read_text(Format::Csv, "x,class\n1,7\n2,3\n", None).unwrap().data.classes, ["3", "7"]);
}

#[test]
fn bad_tables_are_refused_with_their_line() {
    let head = "@attribute x numeric\n@attribute class {a,b}\n@data\n";
    let arff = |rest: &str, message: &str| check_refused(Format::Arff, &format!("{head}{rest}"), message);
    arff("1,a\n1,a,2\n", "line 5 has 3 values; 2 columns are declared");
    arff("1,\n", "line 4, column \"class\": the value is missing; class and group need one in every row");
    arff("one,a\n", "line 4, column \"x\": \"one\" is not a finite number");
    arff("1e999,a\n", "line 4, column \"x\": \"1e999\" is not a finite number");
    arff("1,c\n", "line 4, column \"class\": \"c\" is not among the declared values");
    arff("{0 1}\n", "line 4: sparse rows are not supported; convert the table with Weka's SparseToNonSparse filter");
    arff("1,a,{2}\n", "line 4: instance weights are not supported; remove the weight in braces at the end of the line");
    arff("1,'a\n", "line 4 is not a line of a table: a quote is not closed");
    arff("1,'a\\", "line 4 is not a line of a table: a quote is not closed");
    arff("", "the table has no rows");
    let all = |text: &str, message: &str| check_refused(Format::Arff, text, message);
    all("@attribute t DATE 'yyyy'\n", "line 1: date attributes are not supported; turn dates into numbers first");
    all("@attribute t relational\n", "line 1: relational attributes are not supported; flatten the table first");
    all("@attribute class {a,b,a}\n", "line 1 is not a line of a table: a value is listed twice");
    all("@attribute class {a\n", "line 1 is not a line of a table: the list of values is not closed");
    all("x,y\n", "line 1 is not a line of a table: @relation, @attribute or @data is expected before the data");
    all("", "the table has no @data line");
    all("@attribute x real\n@data\n", "there is no column \"class\"; the columns are \"x\"");
    let csv = |text: &str, message: &str| check_refused(Format::Csv, text, message);
    csv("x,class\n1,a\n1\n", "line 3 has 1 values; 2 columns are declared");
    csv("x,class\n1,a\ninf,a\n", "line 3, column \"x\": \"inf\" is not a finite number");
    csv("x,class\n1,\n", "line 2, column \"class\": the value is missing; class and group need one in every row");
    csv("x,x,class\n", "column \"x\" occurs twice");
    csv("class\na\n", "the table has no column besides class and group");
    csv("", "the table has no header line");
    csv("\u{feff}\r\n\r\n", "the table has no header line");
    let latin = read(Cursor::new(b"x,class\n1,\xe9\n"), Format::Csv, &roles("class", None)).unwrap_err();
    assert_eq!(latin.to_string(), "line 2 is not a line of a table: it is not UTF-8 text");
    let same = read_text(Format::Csv, "x,class\n1,a\n", Some("class")).unwrap_err();
    assert_eq!(same.to_string(), "column \"class\" cannot be both class and group");
}

#[test]
fn tables_that_no_model_can_hold_are_refused_by_their_own_names() {
    let csv = |text: &str, message: &str| check_refused(Format::Csv, text, message);
    csv(",x,class\n0,1,a\n", "column 1 has no name; name it, or remove it if it only numbers the rows");
    csv("x,class, \n1,a,\n", "column 3 has no name; name it, or remove it if it only numbers the rows");
    csv("x;class\n1;a\n", "the header line has ';' between its names; columns must be separated by commas");
    csv("x\tclass\n1\ta\n", "the header line has '\\t' between its names; columns must be separated by commas");
    let unknown =
        "column \"class\" has the class \"unknown\", which is the answer for no class; rename or remove its rows";
    csv("x,class\n1,a\n2,unknown\n", unknown);
    check_refused(Format::Arff, "@attribute x real\n@attribute class {a,unknown}\n@data\n1,a\n", unknown);
    csv(
        "x,class\n1,\"a\n2,b\n",
        "\"a\\n2,b\" cannot be the name of a class: 1 to 63 bytes without control characters are allowed",
    );
    let long = format!("{},class\n1,a\n", "x".repeat(256));
    let start = "x".repeat(64);
    csv(
        &long,
        &format!("\"{start}…\" cannot be the name of a feature: 1 to 255 bytes without control characters are allowed"),
    );
    let wide: Vec<String> = (0..1025).map(|at| format!("f{at}")).collect();
    csv(
        &format!("{},class\n", wide.join(",")),
        "the table has 1025 columns besides class and group; up to 1024 are possible",
    );
    assert!(matches!(
        read_text(Format::Csv, &format!("{},class\n", wide[1..].join(",")), None),
        Err(TableError::Empty("rows"))
    ));
    let many: Vec<String> = (0..1025).map(|at| format!("1,c{at}")).collect();
    csv(&format!("x,class\n{}\n", many.join("\n")), "column \"class\" has 1025 classes; up to 1024 are possible");
}

#[test]
fn windows_line_ends_byte_order_mark_and_spaces_change_nothing() {
    let plain = read_text(Format::Csv, "x,y,pod,class\n1,u,p,a\n2,v,q,b\n", Some("pod")).unwrap();
    for text in [
        "x,y,pod,class\r\n1,u,p,a\r\n2,v,q,b\r\n",
        "\u{feff}x,y,pod,class\r\n1,u,p,a\r\n2,v,q,b",
        "\u{feff}\"x\",y,pod,class\n1,u,p,a\n\n2,v,q,b\n\n",
        "x, y, pod, class\n 1, u, p, a\n2,v,q ,b \n",
    ] {
        assert_eq!(read_text(Format::Csv, text, Some("pod")).unwrap(), plain, "{text:?}");
    }
    for (text, message) in [
        ("x,class\r\n1,a\r\ninf,a\r\n", "line 3, column \"x\": \"inf\" is not a finite number"),
        ("x,class\r\n1,a\r\n1\r\n", "line 3 has 1 values; 2 columns are declared"),
    ] {
        check_refused(Format::Csv, text, message);
    }
}

#[test]
fn missing_as_other_programs_write_it_leaves_a_column_of_numbers() {
    let table = read_text(Format::Csv, "x,class\n10,a\nNA,a\n n/a,b\nNULL,b\n9,b\n", None).unwrap();
    assert!(table.coded.is_empty());
    assert_eq!(table.data.columns[0].iter().filter(|value| value.is_nan()).count(), 3);
}

#[test]
fn stray_word_keeps_the_order_of_numbers() {
    let table = read_text(Format::Csv, "x,class\n10,a\nfoo,a\n9,b\n-1e3,b\n,b\nbar,b\n", None).unwrap();
    assert_eq!(table.coded[0].values, ["-1e3", "9", "10", "bar", "foo"]);
    assert_eq!(table.data.columns[0][..4], [2.0, 4.0, 1.0, 0.0]);
}

#[test]
fn feature_named_as_a_role_is_not_written() {
    let mut data = small();
    data.features[0].name = GROUP.to_owned();
    assert_eq!(write(&data, Format::Csv, Vec::new()).unwrap_err().to_string(), "column \"group\" occurs twice");
}

#[test]
fn format_is_the_extension() {
    assert_eq!(Format::of(Path::new("a/B.ARFF")).unwrap(), Format::Arff);
    assert!(Format::of(Path::new("a.xlsx")).is_err());
}

/// Rows as text, so that tables with other orders of classes and groups compare.
fn rows(data: &Dataset) -> Vec<String> {
    let row = |row: usize| {
        let values: Vec<String> = data.columns.iter().map(|column| number(column[row])).collect();
        format!(
            "{values:?} {:?} {:?}",
            data.groups[data.group[row] as usize],
            data.classes[usize::from(data.class[row])]
        )
    };
    (0..data.rows()).map(row).collect()
}

/// Any text that is not missing, no role, and readable enough for a model.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![".{1,12}", "[ ,'\"{}%?@\\\\\\t\\r\\nß€a1-]{1,8}"].prop_filter(
        "means missing, or a role",
        |text: &String| {
            !matches!(text.trim(), "" | "?" | UNKNOWN)
                && !text.contains(char::is_control)
                && text != GROUP
                && text != CLASS
                && !text.starts_with('\u{feff}')
        },
    )
}

fn table() -> impl Strategy<Value = Dataset> {
    let names = |size| prop::collection::btree_set(name(), size);
    (names(1..4), names(1..4), names(1..5), 1_usize..20).prop_flat_map(|(features, classes, groups, rows)| {
        let value = prop_oneof![4 => any::<f64>().prop_filter("finite", |v| v.is_finite()), 1 => Just(f64::NAN)];
        let columns = prop::collection::vec(prop::collection::vec(value, rows), features.len());
        let class = prop::collection::vec(0..classes.len() as u16, rows);
        let group = prop::collection::vec(0..groups.len() as u32, rows);
        (columns, class, group).prop_map(move |(columns, class, group)| Dataset {
            features: features.iter().map(|name| Feature { name: name.clone(), unit: String::new() }).collect(),
            columns,
            classes: classes.iter().rev().cloned().collect(),
            window: vec![1; class.len()],
            class,
            groups: groups.iter().cloned().collect(),
            group,
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(data in table()) {
        let mut names = data.features.iter().map(|feature| &feature.name).chain(&data.classes).chain(&data.groups);
        let spaces = names.any(|name| name.trim() != name);
        for format in [Format::Arff, Format::Csv] {
            let mut out = Vec::new();
            write(&data, format, &mut out).unwrap();
            if spaces && format == Format::Csv {
                continue; // Spaces around names do not survive.
            }
            let table = read(Cursor::new(&out), format, &roles(CLASS, Some(GROUP))).unwrap();
            prop_assert_eq!(&table.data.features, &data.features);
            prop_assert_eq!(rows(&table.data), rows(&data));
            prop_assert!(table.coded.is_empty());
            if format == Format::Arff {
                prop_assert_eq!(&table.data.classes, &data.classes);
            }
        }
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "(@attribute|@data|class|[ ,'\"{}%?\\\\\\n\\tax1]|numeric|\\PC){0,40}") {
        for format in [Format::Arff, Format::Csv] {
            let _ = read_text(format, &text, None);
            let _ = read_text(format, &format!("@attribute x real\n@attribute class string\n@data\n{text}"), None);
        }
    }
}
