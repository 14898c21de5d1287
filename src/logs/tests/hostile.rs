//! Files with anything in them, and questions while everything moves.

use std::fs;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;

/// Bytes that look like entries for a while.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let entry = (0..200u64).prop_map(|seq| {
        format!(
            "{{\"seq\":{seq},\"service\":\"api\",\"phase\":\"ready\",\"stream\":\"stdout\",\
             \"message\":\"x\",\"timestamp\":\"2025-01-01T00:00:00.000Z\"}}\n"
        )
        .into_bytes()
    });
    let piece = prop_oneof![
        4 => entry.clone(),
        1 => (entry, 0..100usize).prop_map(|(entry, len)| entry[..len.min(entry.len())].to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => proptest::sample::select(vec![
            b"\n".to_vec(), b"\0\0\0\0".to_vec(), b"{\"seq\":".to_vec(), b"\"}\n".to_vec(),
            b"{\"seq\":18446744073709551615,\"a\":1}\n".to_vec(), b"{\"seq\":7,}\n".to_vec(),
        ]),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_bytes_in_the_files_are_got_over(
        files in proptest::array::uniform4(bytes()),
        state in proptest::option::of("[{}a-z0-9\":,_ ]{0,30}"),
        before in 1..300u64,
    ) {
        let dir = tempdir();
        let names = ["all.jsonl", "all.1.jsonl", "api.jsonl", "api.1.jsonl"];
        for (name, bytes) in names.into_iter().zip(&files) {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        if let Some(state) = state {
            fs::write(dir.path().join(".flowlayer.json"), state).unwrap();
        }
        let query = Query { before_seq: Some(before), ..all(50) };
        let archive = Archive::open(dir.path()).unwrap();
        archive.services().unwrap();
        for limit in [None, Some(5)] {
            let search = Search { limit, ..Search::default() };
            archive.search(&search, &mut |_| ControlFlow::Continue(())).unwrap();
        }

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let logs = Logs::open(config(dir.path())).unwrap();
            for service in [None, Some(0)] {
                let page = soon(logs.query(Query { service, ..query })).await;
                assert!(seqs(&page).iter().all(|seq| *seq < before));
            }
            logs.note(0, "new");
            let seq = logs.last_seq();
            soon(logs.close()).await;
            for file in ["all.jsonl", "api.jsonl"] {
                let text = fs::read(dir.path().join(file)).unwrap();
                let last = text.strip_suffix(b"\n").unwrap().rsplit(|byte| *byte == b'\n').next();
                let last: serde_json::Value = serde_json::from_slice(last.unwrap()).unwrap();
                assert_eq!(last["seq"], seq);
            }
        });
    }
}

/// Pages must be right at any moment: while lines come in, are written, are evicted, and files
/// are rotated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_during_a_flood_are_answered_without_holes() {
    let dir = tempdir();
    let mut config = config(dir.path());
    config.buffer_size = 50;
    // Two parts hold about 1,000 of the last lines; nobody asks for more than 300.
    config.max_file_bytes = 100_000;
    config.limits.gather = Duration::from_millis(1);
    let logs = Logs::open(config).unwrap();
    let mut readers = Vec::new();
    for service in 0..2 {
        let (read, mut write) = std::io::pipe().unwrap();
        readers.push(logs.read_pipe(read.into(), service, Stream::Stdout, None));
        std::thread::spawn(move || {
            for chunk in 0..300 {
                let lines = format!("{chunk}\n").repeat(chunk % 40);
                write.write_all(lines.as_bytes()).unwrap();
            }
        });
    }
    let ended = async {
        for reader in &mut readers {
            reader.ended().await;
        }
    };
    let asked = async {
        let lines = 2 * (0..300).map(|chunk| chunk % 40).sum::<u64>();
        // Once more after the last line: on a busy machine the flood may be over at the first look.
        loop {
            let last = logs.last_seq();
            let page = logs
                .query(Query {
                    before_seq: Some(last + 1),
                    ..all(300)
                })
                .await;
            let wanted = (last + 1).saturating_sub(300).max(1)..=last;
            assert_eq!(seqs(&page), wanted.collect::<Vec<_>>());
            assert_eq!(page.truncated, last > 300);
            let page = logs
                .query(Query {
                    service: Some(1),
                    ..all(150)
                })
                .await;
            assert!(seqs(&page).is_sorted_by(|a, b| a < b));
            assert!(page.len() == 150 || !page.truncated, "{}", page.len());
            if last == lines {
                return;
            }
        }
    };
    soon(async { tokio::join!(ended, asked) }).await;
    soon(logs.close()).await;
}
