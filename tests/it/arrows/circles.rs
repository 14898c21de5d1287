//! What depends on itself by way of others.

use std::collections::{BTreeMap, BTreeSet};

/// The knots of a graph: sets of two or more nodes of which each leads to every other.
pub(super) fn circles<T: Clone + Ord>(arrows: &BTreeSet<(T, T)>) -> Vec<BTreeSet<T>> {
    let reached = |forwards: bool| {
        let mut next: BTreeMap<&T, Vec<&T>> = BTreeMap::new();
        for (from, to) in arrows {
            let (from, to) = if forwards { (from, to) } else { (to, from) };
            next.entry(from).or_default().push(to);
        }
        move |start: &T| {
            let mut seen: BTreeSet<T> = BTreeSet::new();
            let mut open = vec![start.clone()];
            while let Some(node) = open.pop() {
                for &node in next.get(&node).into_iter().flatten() {
                    if seen.insert(node.clone()) {
                        open.push(node.clone());
                    }
                }
            }
            seen
        }
    };
    let (after, before) = (reached(true), reached(false));
    let mut placed: BTreeSet<T> = BTreeSet::new();
    let mut circles = Vec::new();
    for (node, _) in arrows {
        if placed.contains(node) {
            continue;
        }
        let circle: BTreeSet<T> = after(node).intersection(&before(node)).cloned().collect();
        placed.extend(circle.iter().cloned());
        if circle.len() > 1 {
            circles.push(circle);
        }
    }
    circles
}

#[test]
fn a_circle_is_found_with_all_that_is_on_it() {
    let arrows = [(1, 2), (2, 3), (3, 1), (3, 4), (4, 5), (0, 1), (6, 6)];
    let found = circles(&BTreeSet::from(arrows));
    assert_eq!(found, [BTreeSet::from([1, 2, 3])]);
    assert_eq!(circles(&BTreeSet::from([(1, 2), (1, 3), (2, 3)])), []);
}
