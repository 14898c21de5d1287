use proptest::prelude::*;

use super::*;

fn planned(dependencies: &[&[usize]]) -> Result<Vec<Vec<usize>>, Vec<usize>> {
    let dependencies: Vec<_> = dependencies.iter().map(|d| d.to_vec()).collect();
    plan(&dependencies)
        .map(|plan| plan.waves)
        .map_err(|cycle| cycle.0)
}

#[test]
fn waves_are_layers_sorted_by_name() {
    assert_eq!(planned(&[]), Ok(vec![]));
    assert_eq!(planned(&[&[], &[], &[]]), Ok(vec![vec![0, 1, 2]]));
    // billing, ping, users -> billing
    assert_eq!(planned(&[&[], &[], &[0]]), Ok(vec![vec![0, 1], vec![2]]));
    // A diamond with a long side.
    assert_eq!(
        planned(&[&[1, 2], &[3], &[4], &[4], &[]]),
        Ok(vec![vec![4], vec![2, 3], vec![1], vec![0]])
    );
}

#[test]
fn a_cycle_is_named_in_order_from_its_smallest_member() {
    assert_eq!(planned(&[&[0]]), Err(vec![0]));
    assert_eq!(planned(&[&[], &[3], &[1], &[2, 0]]), Err(vec![1, 3, 2]));
    // The short way round: 0 -> 3 -> 0, not 0 -> 1 -> 2 -> 3 -> 0.
    assert_eq!(planned(&[&[1, 3], &[2], &[3], &[0]]), Err(vec![0, 3]));
}

#[test]
fn every_knot_is_reported_once() {
    let dependencies = [vec![1], vec![0, 2], vec![3], vec![2], vec![4], vec![0]];
    assert_eq!(
        cycles(&dependencies),
        [Cycle(vec![0, 1]), Cycle(vec![2, 3]), Cycle(vec![4])]
    );
}

#[test]
fn ten_thousand_in_a_chain_in_a_wave_or_in_a_circle() {
    let n = 10_000;
    let mut chain: Vec<Vec<usize>> = (0..n).map(|s| (s + 1..n.min(s + 2)).collect()).collect();
    assert_eq!(plan(&chain).map(|plan| plan.waves.len()), Ok(n));
    chain[n - 1] = vec![0];
    assert_eq!(plan(&chain).map_err(|cycle| cycle.0.len()), Err(n));
    let wave = vec![Vec::new(); n];
    assert_eq!(plan(&wave).map(|plan| plan.waves.len()), Ok(1));
}

/// Any graph; `back` lets edges go both ways, so that cycles are likely.
fn graph(back: bool) -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1..40_usize).prop_flat_map(move |n| {
        let edges = prop::collection::vec((0..n, 0..n), 0..3 * n);
        edges.prop_map(move |edges| {
            let mut dependencies = vec![Vec::new(); n];
            for (a, b) in edges {
                if back || b < a {
                    dependencies[a].push(b);
                }
            }
            for needed in &mut dependencies {
                needed.sort_unstable();
                needed.dedup();
            }
            dependencies
        })
    })
}

/// An acyclic graph whose indices say nothing about its order, and the renaming that made it.
fn shuffled() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<usize>)> {
    graph(false).prop_flat_map(|dependencies| {
        let names: Vec<usize> = (0..dependencies.len()).collect();
        (Just(dependencies), Just(names).prop_shuffle())
    })
}

fn renamed(dependencies: &[Vec<usize>], names: &[usize]) -> Vec<Vec<usize>> {
    let mut renamed = vec![Vec::new(); dependencies.len()];
    for (service, needed) in dependencies.iter().enumerate() {
        renamed[names[service]] = needed.iter().map(|&d| names[d]).collect();
        renamed[names[service]].sort_unstable();
    }
    renamed
}

proptest! {
    #[test]
    fn every_service_is_in_the_earliest_wave_after_its_dependencies((graph, names) in shuffled()) {
        let dependencies = renamed(&graph, &names);
        let plan = plan(&dependencies).unwrap();
        let mut placed: Vec<usize> = plan.waves.concat();
        placed.sort_unstable();
        prop_assert_eq!(placed, (0..dependencies.len()).collect::<Vec<_>>());
        for (wave, services) in plan.waves.iter().enumerate() {
            prop_assert!(services.is_sorted() && !services.is_empty());
            for &service in services {
                let earliest = dependencies[service].iter().map(|&d| plan.wave_of[d] + 1).max();
                prop_assert_eq!(earliest.unwrap_or(0), wave);
                prop_assert_eq!(plan.wave_of[service], wave);
            }
        }
    }

    #[test]
    fn renaming_services_renames_the_plan((graph, names) in shuffled()) {
        let before = plan(&graph).unwrap();
        let after = plan(&renamed(&graph, &names)).unwrap();
        for (service, &name) in names.iter().enumerate() {
            prop_assert_eq!(before.wave_of[service], after.wave_of[name]);
        }
    }

    #[test]
    fn a_plan_fails_exactly_on_cycles_and_each_is_real(graph in graph(true)) {
        let cycles = cycles(&graph);
        match plan(&graph) {
            Ok(_) => prop_assert_eq!(&cycles, &[]),
            Err(cycle) => prop_assert_eq!(Some(&cycle), cycles.first()),
        }
        for Cycle(cycle) in &cycles {
            prop_assert_eq!(cycle.first(), cycle.iter().min());
            let next = cycle.iter().cycle().skip(1);
            for (service, dependency) in cycle.iter().zip(next) {
                prop_assert!(graph[*service].contains(dependency));
            }
        }
        // Without all the services of the reported cycles' knots nothing is left to untangle: each
        // service that reaches itself reaches a reported cycle and is reached by it.
        for service in 0..graph.len() {
            if reaches(&graph, service, service) {
                let both_ways = |Cycle(cycle): &Cycle| {
                    reaches(&graph, service, cycle[0]) && reaches(&graph, cycle[0], service)
                };
                prop_assert!(cycles.iter().any(both_ways));
            }
        }
    }

    #[test]
    fn dependents_are_the_dependencies_turned_round(graph in graph(true)) {
        let turned = dependents(&graph);
        for (service, needed) in graph.iter().enumerate() {
            for (other, dependents) in turned.iter().enumerate() {
                prop_assert_eq!(needed.contains(&other), dependents.contains(&service));
            }
        }
    }
}

/// Whether there is a way of one step or more.
fn reaches(graph: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; graph.len()];
    let mut open = graph[from].clone();
    while let Some(service) = open.pop() {
        if service == to {
            return true;
        }
        if !std::mem::replace(&mut seen[service], true) {
            open.extend(&graph[service]);
        }
    }
    false
}
