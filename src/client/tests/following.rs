//! The log, across everything that can happen to a connection.

use super::*;

fn everything(fake: &Fake, start: Start) -> ClientConfig {
    let mut config = fake.config();
    config.follow = Some(Follow {
        start,
        missed: Missed::Fetch,
    });
    config
}

#[tokio::test]
async fn history_and_live_entries_meet_without_a_seam() {
    let fake = Fake::new().await;
    let (_client, mut events) = start(everything(&fake, Start::Newest(3)));
    let mut peer = fake.welcome("one").await;
    // Live entries overtake the page, and overlap with it.
    peer.logs([9, 10, 11]).await;
    let asked = peer.pages([8, 9, 10]).await;
    assert_eq!(asked, json!({"limit": 3}));
    peer.logs([12]).await;
    assert_eq!(events.entries(5).await, ((8..=12).collect(), vec![]));
}

#[tokio::test]
async fn a_hole_is_fetched_from_its_end() {
    let fake = Fake::new().await;
    let (_client, mut events) = start(everything(&fake, Start::Newest(1)));
    let mut peer = fake.welcome("one").await;
    peer.pages([10]).await;
    peer.logs([11, 15, 16]).await;
    let asked = peer.pages([12, 13, 14]).await;
    assert_eq!(asked, json!({"limit": 3, "before_seq": 15}));
    assert_eq!(events.entries(7).await, ((10..=16).collect(), vec![]));
}

#[tokio::test]
async fn what_was_missed_during_an_absence_is_fetched() {
    let fake = Fake::new().await;
    let (_client, mut events) = start(everything(&fake, Start::Newest(1)));
    let mut peer = fake.welcome("one").await;
    peer.pages([10]).await;
    assert_eq!(events.entries(1).await.0, [10]);
    drop(peer);
    let mut peer = fake.welcome("one").await;
    let asked = peer.pages([13, 14]).await;
    assert_eq!(asked["after_seq"], 10);
    let asked = peer.pages([11, 12]).await;
    assert_eq!(asked, json!({"limit": 2, "before_seq": 13}));
    assert_eq!(events.entries(4).await, ((11..=14).collect(), vec![]));
}

#[tokio::test]
async fn what_cannot_be_had_is_a_gap() {
    let fake = Fake::new().await;
    let (_client, mut events) = start(everything(&fake, Start::After(4)));
    let mut peer = fake.welcome("one").await;
    let asked = peer.pages([8]).await;
    assert_eq!(asked["after_seq"], 4);
    // The page below the gap's end has only older ones.
    peer.pages([2, 3, 4]).await;
    assert_eq!(events.entries(1).await, (vec![8], vec![(5, 7)]));
}

#[tokio::test]
async fn a_restarted_server_is_recognised_by_its_log() {
    let fake = Fake::new().await;
    let (_client, mut events) = start(everything(&fake, Start::Newest(1)));
    let mut peer = fake.welcome("one").await;
    peer.pages([10]).await;
    assert_eq!(events.entries(1).await.0, [10]);
    drop(peer);
    // It goes on counting: what the old one said at its end is fetched too.
    let mut peer = fake.welcome("two").await;
    assert_eq!(
        peer.pages([10]).await,
        json!({"limit": 1, "before_seq": 11})
    );
    assert_eq!(peer.pages([11, 12]).await["after_seq"], 10);
    assert_eq!(events.entries(2).await.0, [11, 12]);
    drop(peer);
    // It begins anew.
    let mut peer = fake.welcome("three").await;
    peer.pages([]).await;
    peer.logs([3]).await;
    let asked = peer.pages([1, 2]).await;
    assert_eq!(
        (&asked["after_seq"], &asked["before_seq"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(events.entries(3).await, (vec![1, 2, 3], vec![]));
}

#[tokio::test]
async fn a_consumer_that_does_not_read_costs_no_more_than_its_share() {
    let fake = Fake::new().await;
    let mut config = fake.config();
    config.follow = Some(Follow {
        start: Start::Newest(0),
        missed: Missed::Window(10),
    });
    let (client, mut events) = start(config);
    let mut peer = fake.welcome("one").await;
    peer.pages([]).await;
    let long = "x".repeat(100_000);
    for seq in 1..=150 {
        let mut entry = entry(seq);
        entry["message"] = json!(long);
        peer.say(json!({"type": "event", "name": "log", "payload": entry}))
            .await;
    }
    // The server must have been heard to the end before anything is taken.
    let question = client.call(Command::GetSnapshot);
    let id = peer.hears_command("get_snapshot").await;
    peer.accepts(&id).await;
    peer.results(&id, json!({"ok": true, "data": {"services": []}}))
        .await;
    soon(question.finished()).await.unwrap();
    assert!(!events.queue.has_room());
    let mut seqs = Vec::new();
    let mut gaps = Vec::new();
    let serving = tokio::spawn(async move {
        let asked = peer.pages(141..=150).await;
        (asked, peer)
    });
    while seqs.last() != Some(&150) {
        match events.expect().await {
            Event::Logs(entries) => seqs.extend(entries.iter().map(|entry| entry.seq)),
            Event::Gap(gap) => gaps.push((gap.first, gap.last)),
            _ => {}
        }
    }
    let (asked, _peer) = soon(serving).await.unwrap();
    assert_eq!(asked, json!({"limit": 10, "before_seq": 151}));
    assert_eq!(gaps.len(), 1);
    let kept = usize::try_from(gaps[0].0).unwrap() - 1;
    assert!((80..140).contains(&kept), "{kept}");
    assert_eq!(seqs.len(), kept + 10);
}
