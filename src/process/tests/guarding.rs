//! None outlives the server, however that dies; and what becomes of the guardian.

use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::diary::Diary;
use super::harness::{Driver, Service, Setup, eventually, process_test, ready, signal};

process_test! {
    fn a_killed_server_is_followed_by_its_stack_in_reverse(driver) {
        let diary = Diary::new();
        let (low, high) = (diary.noting("low"), diary.noting("high"));
        let (stop, undo) = (diary.note("stop"), diary.note("undo"));
        ready(driver, &Service::new(0, &low));
        let done = driver.begin(&Service { wave: 1, stop: &undo, up_after_success: true, ..Service::new(1, "exit 0") });
        driver.expect_line(&format!("exited {done} Code(0) left []"));
        let failed = driver.begin(&Service { wave: 1, stop: &undo, up_after_success: true, ..Service::new(2, "exit 1") });
        driver.expect_line(&format!("exited {failed} Code(1) left []"));
        ready(driver, &Service { wave: 2, ..Service::new(3, &high) });
        ready(driver, &Service { wave: 3, stop: &stop, ..Service::new(4, "echo ready; setsid sleep TOKEN & wait") });
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        assert_eq!(diary.words(), ["stop", "high", "undo", "low"]);
        driver.nothing_left();
    }
}

process_test! {
    /// The end of the server hangs no terminal up: each service is stopped in its turn.
    fn services_with_a_terminal_are_stopped_in_order_too(driver) {
        let diary = Diary::new();
        let (low, high) = (diary.noting("low"), diary.noting("high"));
        let terminal = |wave, number, script| Service { wave, role: "terminal", ..Service::new(number, script) };
        ready(driver, &terminal(0, 0, &low));
        ready(driver, &terminal(1, 1, &high));
        let stray = "echo ready; (env -i setsid sleep TOKEN &); while :; do echo more; done";
        ready(driver, &terminal(2, 2, stray));
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        assert_eq!(diary.words(), ["high", "low"]);
        driver.nothing_left();
    }
}

process_test! {
    fn a_killed_guardian_is_noticed(driver) {
        ready(driver, &Service::new(0, "echo ready; setsid sleep TOKEN & wait"));
        signal(driver.guardian(), Signal::SIGKILL);
        driver.expect_line("guardian lost");
        driver.expect_line("finished []");
        assert_eq!(driver.wait().code(), None);
        driver.nothing_left_soon();
    }
}

process_test! {
    /// The server of this test takes no signals itself, so that one that is passed on ends it.
    fn signals_are_passed_on(driver) {
        ready(driver, &Service::new(0, "echo ready; exec sleep TOKEN"));
        signal(driver.guardian(), Signal::SIGINT);
        assert_eq!(driver.wait().code(), Some(0));
        driver.nothing_left();
    }
}

process_test! {
    fn a_hangup_that_was_ignored_stays_so(setup: Setup) {
        let mut driver = Driver::start(&Setup { through: Some("trap '' HUP; exec \"$@\""), ..setup });
        signal(driver.guardian(), Signal::SIGHUP);
        driver.service(0, "exec sleep TOKEN");
        signal(driver.server, Signal::SIGHUP);
        driver.down(0, "term");
        driver.end();
    }
}

process_test! {
    fn after_the_grace_the_guardian_kills(driver) {
        ready(driver, &Service { grace: 200, ..Service::new(0, "trap '' TERM; echo ready; while :; do sleep TOKEN; done") });
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        driver.nothing_left();
    }
}

process_test! {
    fn a_signal_to_the_guardian_ends_its_grace(driver) {
        let stubborn = "trap '' TERM; echo ready; while :; do sleep TOKEN; done";
        ready(driver, &Service { grace: 600_000, wave: 1, ..Service::new(0, stubborn) });
        ready(driver, &Service { grace: 600_000, ..Service::new(1, stubborn) });
        signal(driver.server, Signal::SIGKILL);
        let server = driver.server;
        eventually("the server is buried", || !PathBuf::from(format!("/proc/{server}")).exists());
        signal(driver.guardian(), Signal::SIGTERM);
        assert_eq!(driver.wait().code(), Some(1));
        driver.nothing_left();
    }
}

process_test! {
    fn a_server_that_just_leaves_is_followed_too(driver) {
        ready(driver, &Service::new(0, "echo ready; exec sleep TOKEN"));
        driver.order("exit\t7");
        assert_eq!(driver.wait().code(), Some(7));
        driver.nothing_left();
    }
}

process_test! {
    /// It prints all the time, to a pipe that nobody reads any more, and has a wave to wait for.
    fn nobody_dies_of_a_broken_pipe_before_its_turn(driver) {
        let diary = Diary::new();
        let path = diary.path.display();
        let chatty = format!("trap 'echo asked >> {path}; exit 0' TERM; echo ready; while :; do echo TOKEN; done");
        ready(driver, &Service::new(0, &chatty));
        ready(driver, &Service { grace: 300, wave: 1, ..Service::new(1, "trap '' TERM; echo ready; while :; do sleep TOKEN; done") });
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        assert_eq!(diary.words(), ["asked"]);
        driver.nothing_left();
    }
}

process_test! {
    /// Ctrl-Z stops the guardian. It must not stop the server, nor make the guardian forget.
    fn a_stopped_guardian_holds_nobody_up(driver) {
        signal(driver.guardian(), Signal::SIGSTOP);
        let lives: Vec<u64> = (0..300)
            .map(|service| driver.begin(&Service::new(service, "setsid sleep TOKEN & exit 0")))
            .collect();
        for life in lives {
            driver.expect(|line| line.starts_with(&format!("spawned {life} ")));
        }
        driver.down(0, "term");
        signal(driver.server, Signal::SIGKILL);
        signal(driver.guardian(), Signal::SIGCONT);
        assert_eq!(driver.wait().code(), Some(1));
        driver.nothing_left();
    }
}

process_test! {
    fn a_stop_command_may_have_a_large_environment(setup: Setup) {
        let mut driver = Driver::start(&Setup { ballast: 15, ..setup });
        let diary = Diary::new();
        let stop = diary.note("${#BALLAST_14}");
        ready(&mut driver, &Service { stop: &stop, ..Service::new(0, "echo ready; exec sleep TOKEN") });
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        assert_eq!(diary.words(), ["100000"]);
        driver.nothing_left();
    }
}

/// A shell that has something in the background already, and becomes the driver.
const WITH_A_CHILD: &str = "sleep 600 >/dev/null 2>&1 & echo child $!; exec \"$@\"";

fn child(driver: &mut Driver) -> u32 {
    let line = driver.expect(|line| line.starts_with("child "));
    line["child ".len()..].parse().unwrap()
}

fn alive(pid: u32) -> bool {
    crate::process::system::find(pid)
        .unwrap()
        .is_some_and(|p| !p.dead())
}

process_test! {
    fn what_was_there_before_is_not_touched(setup: Setup) {
        let mut driver = Driver::start(&Setup { through: Some(WITH_A_CHILD), ..setup });
        let foreign = child(&mut driver);
        ready(&mut driver, &Service::new(0, "echo ready; setsid sleep TOKEN & wait"));
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        driver.nothing_left();
        assert!(alive(foreign));
        signal(foreign, Signal::SIGKILL);
    }
}

process_test! {
    fn a_proxy_exits_as_the_guardian_does(setup: Setup) {
        for last in [Signal::SIGTERM, Signal::SIGKILL] {
            let mut driver = Driver::start(&Setup { through: Some(WITH_A_CHILD), ..setup.clone() });
            let foreign = child(&mut driver);
            ready(&mut driver, &Service::new(0, "echo ready; setsid sleep TOKEN & wait"));
            signal(driver.guardian(), last);
            let code = driver.wait().code();
            assert_eq!(code, (last == Signal::SIGTERM).then_some(0));
            driver.nothing_left_soon();
            assert!(alive(foreign));
            signal(foreign, Signal::SIGKILL);
        }
    }
}
