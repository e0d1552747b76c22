//! The crates may depend on each other as the design says and not otherwise.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Crate, those of ours that it may depend on, and what must not be anywhere below it.
const RULES: &[(&str, &[&str], &[&str])] = &[
    ("voicegate-core", &[], &["tokio", "axum", "sqlx", "ort", "symphonia"]),
    ("voicegate-audio", &[], &["tokio", "axum", "sqlx", "ort"]),
    ("voicegate-models", &["voicegate-core", "voicegate-audio"], &["axum", "sqlx"]),
    ("voicegate-service", &["voicegate-core", "voicegate-audio", "voicegate-models"], &["axum", "sqlx"]),
    ("voicegate-store", &["voicegate-core", "voicegate-service"], &["axum"]),
    ("voicegate-server", &["voicegate-core", "voicegate-service"], &["sqlx"]),
];

#[test]
fn dependencies_point_to_the_purer_crate() {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(["--locked".to_owned(), "--offline".to_owned()])
        .exec()
        .unwrap();
    let names: BTreeMap<_, &str> = metadata.packages.iter().map(|p| (&p.id, p.name.as_str())).collect();
    let resolve = metadata.resolve.as_ref().unwrap();
    let normal: BTreeMap<&str, BTreeSet<&str>> = resolve
        .nodes
        .iter()
        .map(|node| {
            let kept =
                node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
            (names[&node.id], kept.map(|dep| names[&dep.pkg]).collect())
        })
        .collect();
    let mut wrong = Vec::new();
    for (name, allowed, banned) in RULES {
        let ours = normal[name].iter().filter(|dep| dep.starts_with("voicegate"));
        wrong.extend(ours.filter(|dep| !allowed.contains(dep)).map(|dep| format!("{name} depends on {dep}")));
        let below = everything_below(name, &normal);
        wrong.extend(
            banned.iter().filter(|dep| below.contains(**dep)).map(|dep| format!("{name} pulls in {dep}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let ruled: BTreeSet<&str> = RULES.iter().map(|(name, ..)| *name).chain(["voicegate"]).collect();
    let members: BTreeSet<&str> = metadata.workspace_packages().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(ruled, members, "every crate has its row");
}

fn everything_below<'a>(name: &str, normal: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = normal[name].iter().copied().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(normal.get(next).into_iter().flatten().copied());
        }
    }
    found
}
