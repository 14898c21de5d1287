//! Who gets the stop signal, which one and how often, by the server and by the guardian
//! (docs/lifecycle.md, Stopping).

use nix::sys::signal::Signal;

use super::diary::Diary;
use super::harness::{Service, process_test, ready, signal};

/// A leader with a worker in its group; both note each SIGTERM. The leader ends a while after its first one, the
/// worker at once. The leader is ready when the worker is.
fn pool(diary: &Diary, leader: &str) -> String {
    let path = diary.path.display();
    let idle = "while :; do sleep 0.02; done";
    format!(
        "(trap 'echo worker >> {path}; exit 0' TERM; echo begun >> {path}; {idle}) & \
         trap 'echo leader >> {path}; {leader}' TERM; \
         until [ -s {path} ]; do sleep 0.01; done; echo ready; {idle}; : TOKEN"
    )
}

process_test! {
    fn the_others_are_asked_when_the_leader_has_ended(driver) {
        let diary = Diary::new();
        let pool = pool(&diary, &format!("sleep 0.3; {}; exit 0", diary.note("done")));
        ready(driver, &Service::new(0, &pool));
        driver.down(0, "leader");
        assert_eq!(diary.words(), ["begun", "leader", "done", "worker"]);
        driver.nothing_left();
    }
}

process_test! {
    fn a_leader_that_stays_is_not_asked_again_with_the_others(driver) {
        let diary = Diary::new();
        ready(driver, &Service::new(0, &pool(&diary, ":")));
        driver.order("down\t0\tleader");
        driver.expect(|line| line.starts_with("remaining 0 [sh sh"));
        driver.order("down\t0\tterm");
        diary.await_words(&["begun", "leader", "worker"]);
        driver.down(0, "kill");
        assert_eq!(diary.words(), ["begun", "leader", "worker"]);
        driver.nothing_left();
    }
}

process_test! {
    fn a_service_has_its_own_stop_signal(driver) {
        let script = "trap 'echo interrupted; exit 0' INT; trap 'echo terminated' TERM; echo ready; while :; do sleep 0.02; done";
        let life = ready(driver, &Service { signal: "SIGINT", ..Service::new(0, script) });
        driver.order("down\t0\tterm");
        driver.expect_line(&format!("out {life} interrupted"));
        driver.expect_line(&format!("exited {life} Code(0) left []"));
        driver.expect_line("gone 0");
        driver.nothing_left();
    }
}

process_test! {
    fn a_stop_command_knows_the_leader_while_that_runs(driver) {
        let life = driver.service(0, "echo I am $$; exec sleep TOKEN");
        let leader = driver.expect(|line| line.starts_with(&format!("out {life} I am ")));
        let ask = Service { role: "stop", ..Service::new(0, "echo pid $FLOWLAYER_PID.") };
        let stop = driver.begin(&ask);
        let printed = driver.expect(|line| line.starts_with(&format!("out {stop} pid ")));
        assert_eq!(printed.rsplit(' ').next(), leader.rsplit(' ').next().map(|pid| format!("{pid}.")).as_deref());
        driver.down(0, "term");
        let stop = driver.begin(&ask);
        driver.expect_line(&format!("out {stop} pid ."));
        driver.expect_line(&format!("over {stop}"));
    }
}

process_test! {
    fn the_guardian_asks_the_leader_first_and_the_others_at_half_of_the_grace(driver) {
        let diary = Diary::new();
        let pool = pool(&diary, ":");
        ready(driver, &Service { scope: "leader", grace: 1000, ..Service::new(0, &pool) });
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        assert_eq!(diary.words(), ["begun", "leader", "worker"]);
        driver.nothing_left();
    }
}

process_test! {
    /// The command only asks: the service needs longer than a second, and must not be disturbed.
    fn the_guardian_gives_a_service_its_grace_after_its_stop_command(driver) {
        let diary = Diary::new();
        let (path, stop) = (diary.path.display(), "kill -USR1 $FLOWLAYER_PID");
        let script = format!(
            "trap 'echo term >> {path}' TERM; trap 'sleep 1.5; echo saved >> {path}; exit 0' USR1; echo ready; while :; do sleep 0.02; done"
        );
        ready(driver, &Service { stop, ..Service::new(0, &script) });
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        assert_eq!(diary.words(), ["saved"]);
        driver.nothing_left();
    }
}

process_test! {
    fn the_guardian_signals_what_is_left_after_that(driver) {
        let diary = Diary::new();
        let script = diary.noting("interrupted").replace("TERM", "INT");
        ready(driver, &Service { stop: "true", grace: 200, signal: "SIGINT", ..Service::new(0, &script) });
        let deaf = "trap '' INT TERM; echo ready; while :; do sleep 0.02; done";
        ready(driver, &Service { stop: "true", grace: 200, ..Service::new(1, deaf) });
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        assert_eq!(diary.words(), ["interrupted"]);
        driver.nothing_left();
    }
}
