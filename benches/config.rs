//! From the text of a configuration to its plan.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flowlayer_core::config::{self, Origin};
use flowlayer_core::plan;

/// So many services, each after the one before when `chained`, with a command of some length.
fn text(services: usize, chained: bool) -> Vec<u8> {
    let mut text = String::from("{\n  // As somebody might write it.\n  \"services\": {\n");
    for n in 0..services {
        let after = match n {
            1.. if chained => format!(", \"dependsOn\": [\"service-{:05}\"]", n - 1),
            _ => String::new(),
        };
        let written = writeln!(
            text,
            "    \"service-{n:05}\": {{ \"cmd\": [\"some-server\", \"--port\", \"{}\"], \"env\": {{ \"A\": \"b\" }}{after} }},",
            10_000 + n
        );
        written.expect("a string takes everything");
    }
    text.push_str("  }\n}\n");
    text.into_bytes()
}

fn checking(c: &mut Criterion) {
    let mut group = c.benchmark_group("config");
    for (name, services, chained) in [
        ("1,000 services in a chain", 1000, true),
        ("1 MB of services", 11_000, false),
    ] {
        let text = text(services, chained);
        group
            .throughput(Throughput::Bytes(text.len() as u64))
            .sample_size(20);
        group.bench_function(name, |b| {
            b.iter_batched(
                || text.clone(),
                |text| {
                    let report = config::check(text, Origin::stdin());
                    assert!(report.problems.is_empty());
                    report
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn planning(c: &mut Criterion) {
    const COUNT: usize = 10_000;
    let chain: Vec<Vec<usize>> = (0..COUNT)
        .map(|n| n.checked_sub(1).into_iter().collect())
        .collect();
    let wide: Vec<Vec<usize>> = (0..COUNT)
        .map(|n| if n < 100 { vec![] } else { (0..100).collect() })
        .collect();
    let circle: Vec<Vec<usize>> = (0..COUNT).map(|n| vec![(n + 1) % COUNT]).collect();
    let mut group = c.benchmark_group("plan, 10,000 services");
    group.throughput(Throughput::Elements(COUNT as u64));
    for (name, dependencies) in [
        ("a chain", &chain),
        ("two waves, 990,000 edges", &wide),
        ("a circle", &circle),
    ] {
        group.bench_function(name, |b| b.iter(|| plan::plan(black_box(dependencies))));
    }
    group.finish();
}

criterion_group!(benches, checking, planning);
criterion_main!(benches);
