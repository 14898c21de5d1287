//! A stop is done when everything is gone: whatever a service does to its children, a take-down finds them.

use super::harness::{Driver, Service, eventually, process_test, ready};

process_test! {
    fn a_plain_service_goes_on_sigterm(driver) {
        let life = driver.service(0, "exec sleep TOKEN");
        driver.order("down\t0\tterm");
        driver.expect_line(&format!("exited {life} Signal(15) left []"));
        driver.expect_line("gone 0");
        driver.nothing_left();
    }
}

process_test! {
    fn what_is_not_there_is_gone_at_once(driver) {
        driver.down(7, "term");
        driver.down(7, "kill");
    }
}

process_test! {
    fn children_that_left_the_group_go_too(driver) {
        driver.service(0, "setsid sleep TOKEN & setsid sh -c 'sleep TOKEN & wait' & sleep TOKEN");
        eventually("all run", || driver.left().len() >= 4);
        driver.down(0, "term");
        driver.nothing_left();
    }
}

/// Two services leave such an orphan each: it is stopped with its own service, and only then.
#[track_caller]
fn orphans_go_with_their_own_service(driver: &mut Driver, script: &str) {
    driver.service(0, script);
    driver.service(1, script);
    driver.sleepers(4);
    driver.down(0, "term");
    assert_eq!(driver.left().len(), 2, "the other service is untouched");
    driver.down(1, "term");
    driver.nothing_left();
}

process_test! {
    /// Its parent has ended, it is in a session of its own, it has no environment, and none of our pipes.
    fn an_orphan_that_shed_everything_goes_with_its_own_service(driver) {
        orphans_go_with_their_own_service(
            driver,
            "(env -i setsid sh -c 'exec sleep TOKEN' </dev/null >/dev/null 2>&1 &); exec sleep TOKEN",
        );
    }
}

process_test! {
    /// As before, and it has lost the limit on file locks, as `prlimit --locks` and `ulimit -x` do.
    fn an_orphan_that_shed_its_lock_limit_too_goes_with_its_own_service(driver) {
        orphans_go_with_their_own_service(
            driver,
            "(exec prlimit --locks=unlimited env -i setsid sh -c 'sleep TOKEN </dev/null >/dev/null 2>&1 &'); exec sleep TOKEN",
        );
    }
}

process_test! {
    /// Without the limits that carry our mark nothing tells whose it is, unless it was looked at: a stop says so, and
    /// it goes at the end.
    fn a_process_of_no_known_service_is_reported_and_goes_at_the_end_of_the_session(driver) {
        driver.service(0, "prlimit --pid $$ --locks=unlimited:unlimited --rss=unlimited:unlimited; sleep 0.3; (env -i setsid sh -c 'exec sleep TOKEN' </dev/null >/dev/null 2>&1 &); exec sleep TOKEN");
        driver.sleepers(2);
        driver.down(0, "term");
        driver.expect_line("unowned 0 [sleep]");
        driver.sleepers(1);
    }
}

/// Starts a process that has none of our marks. The shell that starts it has none either, and ends after 30 ms.
const UNMARKED: &str = "prlimit --locks=unlimited --rss=unlimited env -i setsid sh -c 'sleep 0.03; sleep TOKEN </dev/null >/dev/null 2>&1 &'";

process_test! {
    fn what_a_new_service_leaves_without_a_mark_goes_with_it(driver) {
        driver.service(0, &format!("{UNMARKED}; exec sleep TOKEN"));
        driver.sleepers(2);
        driver.down(0, "term");
        driver.nothing_left();
    }
}

process_test! {
    /// Only a look in these 30 ms tells whose it is, and a busy machine can delay that: one of three may escape, and
    /// the stop names it.
    fn what_is_left_without_a_mark_in_answer_to_the_stop_signal_goes(driver) {
        let mut escaped = 0;
        for service in 0..3 {
            ready(driver, &Service::new(service, &format!("trap \"{UNMARKED}; exit\" TERM; sleep 0.2; echo ready; while :; do sleep 0.01; done")));
            driver.down(service, "term");
            let left = driver.left().len();
            if left > escaped {
                driver.expect_line(&format!("unowned {service} [sleep]"));
            }
            escaped = left;
        }
        assert!(escaped <= 1, "{escaped} of 3 escaped");
    }
}

process_test! {
    fn what_a_stop_command_or_a_probe_leaves_without_a_mark_goes_with_the_service(driver) {
        driver.service(0, "exec sleep TOKEN");
        for role in ["stop", "probe"] {
            let life = driver.begin(&Service { role, ..Service::new(0, UNMARKED) });
            driver.expect(|line| line.starts_with(&format!("exited {life} Code(0) left ")));
        }
        driver.down(0, "term");
        driver.nothing_left();
    }
}

process_test! {
    fn what_ignores_sigterm_is_killed(driver) {
        ready(driver, &Service::new(0, "trap '' TERM; echo ready; while :; do sleep TOKEN; done"));
        driver.order("down\t0\tterm");
        driver.expect(|line| line.starts_with("remaining 0 [sh"));
        driver.down(0, "kill");
        driver.nothing_left();
    }
}

process_test! {
    fn what_is_stopped_acts_on_sigterm(driver) {
        ready(driver, &Service::new(0, "trap 'echo bye; exit 0' TERM; echo ready; kill -STOP $$; sleep TOKEN & wait"));
        driver.down(0, "term");
        driver.nothing_left();
    }
}

process_test! {
    fn a_hundred_children_go(driver) {
        ready(driver, &Service::new(0, "i=0; while [ $i -lt 100 ]; do setsid sleep TOKEN & i=$((i+1)); done; echo ready; wait"));
        driver.down(0, "term");
        driver.nothing_left();
    }
}

process_test! {
    fn what_a_dead_leader_leaves_is_reported_and_goes(driver) {
        let life = driver.service(0, "sleep TOKEN & setsid sleep TOKEN & exit 3");
        let exited = driver.expect(|line| line.starts_with(&format!("exited {life} Code(3) left [")));
        assert_eq!(exited.split(' ').count(), 6, "{exited}");
        driver.down(0, "term");
        driver.nothing_left();
    }
}

process_test! {
    fn a_service_that_forks_all_the_time_goes(driver) {
        ready(driver, &Service::new(0, "echo ready; while :; do sleep TOKEN & setsid sleep TOKEN & done"));
        driver.down(0, "term");
        driver.nothing_left();
    }
}

process_test! {
    /// Each generation starts the next in a session of its own and ends.
    fn a_chain_that_runs_away_is_caught(driver) {
        let life = ready(driver, &Service::new(0, "echo ready; exec sh -c 'trap \"\" TERM; setsid sh -c \"$0\" \"$0\" TOKEN & exit' 'sleep 0.002; trap \"\" TERM; setsid sh -c \"$0\" \"$0\" TOKEN & exit'"));
        driver.expect(|line| line.starts_with(&format!("exited {life}")));
        driver.down(0, "kill");
        driver.nothing_left();
    }
}

process_test! {
    fn a_group_may_end_in_its_own_way(driver) {
        let life = ready(driver, &Service::new(0, "trap 'sleep 0.2; echo tidy; exit 0' TERM; echo ready; read line"));
        driver.order("down\t0\tterm");
        driver.expect_line("gone 0");
        driver.expect_line(&format!("out {life} tidy"));
        driver.nothing_left();
    }
}

process_test! {
    fn watching_signals_nobody_and_sees_the_end(driver) {
        ready(driver, &Service::new(0, "echo ready; read line; sleep 0.1"));
        driver.order("down\t0\twatch");
        driver.expect(|line| line.starts_with("remaining 0 [sh"));
        assert_eq!(driver.left().len(), 1);
        driver.down(0, "term");
        driver.nothing_left();
    }
}

process_test! {
    fn what_a_probe_leaves_is_killed(driver) {
        let life = driver.begin(&Service {
            role: "probe",
            ..Service::new(0, "trap '' TERM; setsid sleep TOKEN & exit 0")
        });
        driver.expect_line(&format!("exited {life} Code(0) left []"));
        driver.expect_line(&format!("over {life}"));
        driver.nothing_left();
    }
}

process_test! {
    fn ending_one_run_leaves_the_others_of_its_service(driver) {
        driver.service(0, "sleep TOKEN & wait");
        let life = driver.begin(&Service {
            role: "stop",
            ..Service::new(0, "echo ready; setsid sleep TOKEN & wait")
        });
        driver.expect_line(&format!("out {life} ready"));
        eventually("all run", || driver.left().len() == 4);
        driver.order(&format!("endlife\t{life}"));
        driver.expect(|line| line.starts_with(&format!("exited {life} Signal(9)")));
        driver.expect_line(&format!("over {life}"));
        assert_eq!(driver.left().len(), 2);
        driver.down(0, "term");
        driver.nothing_left();
    }
}

process_test! {
    fn kill_all_kills_all(driver) {
        driver.service(0, "trap '' TERM; setsid sleep TOKEN & wait");
        driver.service(1, "exec sleep TOKEN");
        driver.order("killall");
        driver.down(0, "term");
        driver.down(1, "term");
        driver.nothing_left();
        driver.begin(&Service::new(2, "exec sleep TOKEN"));
        driver.expect(|line| line.starts_with("refused"));
    }
}

process_test! {
    /// Orphans that nobody asked about are reaped as they end.
    fn no_zombies_gather(driver) {
        ready(driver, &Service::new(0, "i=0; while [ $i -lt 50 ]; do (setsid true &); i=$((i+1)); done; echo ready; exec sleep TOKEN"));
        let server = driver.server;
        eventually("reaped", || children_of(server) == 1);
        driver.down(0, "term");
    }
}

fn children_of(parent: u32) -> usize {
    let mut listing = Vec::new();
    crate::process::system::list(&mut listing).unwrap();
    listing.iter().filter(|p| p.parent == parent).count()
}
