//! What a process is given, and what is said when there is none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::harness::{Driver, Service, Setup, process_test};

fn script(path: &Path, text: &str, mode: u32) -> String {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

process_test! {
    fn what_cannot_run_says_why(driver) {
        let dir = tempfile::tempdir().unwrap();
        let cwd = dir.path().to_str().unwrap();
        let closed = script(&dir.path().join("closed"), "#!/bin/sh\n", 0o644);
        let plain = script(&dir.path().join("plain"), "hello\n", 0o755);
        let lost = script(&dir.path().join("lost"), "#!/no/such/interpreter\n", 0o755);
        let long = "x".repeat(200_000);
        let cases = [
            (cwd, "no-such-command-at-all", "was not found".to_owned()),
            (cwd, "./missing", format!("is looked for in {cwd}")),
            (cwd, "./closed", "`chmod +x`".to_owned()),
            (cwd, &closed, "`chmod +x`".to_owned()),
            (cwd, &plain, "is not a program".to_owned()),
            (cwd, &lost, "the interpreter it names does not".to_owned()),
            ("/no/such/directory", "true", "working directory /no/such/directory cannot be entered".to_owned()),
            (cwd, "", "the command is empty".to_owned()),
        ];
        for (life, (cwd, program, message)) in (1..).zip(cases) {
            driver.order(&format!("run\t{life}\t{cwd}\t{program}"));
            let refused = driver.expect(|line| line.starts_with(&format!("refused {life} ")));
            assert!(refused.contains(&message), "{refused}");
        }
        driver.order(&format!("run\t90\t{cwd}\techo\t{long}"));
        let refused = driver.expect(|line| line.starts_with("refused 90 "));
        assert!(refused.contains("too large for the system"), "{refused}");
        driver.order(&format!("run\t91\t{cwd}\t./closed/../plain"));
        driver.expect(|line| line.starts_with("refused 91 "));
    }
}

process_test! {
    /// Whatever the server was given and has made of itself, services begin as if it were not there.
    fn a_service_begins_afresh(setup: Setup) {
        let mut driver = Driver::start(&Setup {
            through: Some("exec 7</dev/null 8>/dev/null; ulimit -Sn 123; trap '' HUP USR1 PIPE; exec \"$@\""),
            ..setup
        });
        let life = driver.service(
            0,
            "echo limit $(ulimit -Sn); echo group $(ps -o pgid= -p $$) $(ps -o sid= -p $$) $$; ls -m /proc/$$/fd; grep -E 'Sig(Ign|Blk)' /proc/self/status; exec sleep TOKEN",
        );
        driver.expect_line(&format!("out {life} limit 123"));
        driver.expect_line(&format!("out {life} 0, 1, 2"));
        driver.expect_line(&format!("out {life} SigBlk:\t0000000000000000"));
        driver.expect_line(&format!("out {life} SigIgn:\t0000000000000000"));
        let group = driver.expect(|line| line.starts_with(&format!("out {life} group")));
        let numbers: Vec<_> = group.split_whitespace().skip(3).collect();
        assert_eq!([numbers[0], numbers[1]], [numbers[2]; 2], "{group}");
        driver.end();
    }
}

process_test! {
    /// It is the leader of a session that the terminal controls, in its foreground, and nobody else's.
    fn a_terminal_is_the_services_own(driver) {
        let script = "echo tty $(tty); echo size $(stty size); test -t 2 && echo three; \
                      echo group $(ps -o tpgid= -p $$) $$; ls -m /proc/$$/fd; exec sleep TOKEN";
        let life = driver.begin(&Service { role: "terminal", ..Service::new(0, script) });
        let tty = driver.expect(|line| line.starts_with(&format!("out {life} tty ")));
        assert!(tty.contains("/dev/pts/") || tty.contains("/dev/tty"), "{tty}");
        driver.expect_line(&format!("out {life} size 24 80"));
        driver.expect_line(&format!("out {life} three"));
        driver.expect_line(&format!("out {life} 0, 1, 2"));
        let group = driver.expect(|line| line.starts_with(&format!("out {life} group")));
        let numbers: Vec<_> = group.split_whitespace().skip(3).collect();
        assert_eq!(numbers[0], numbers[1], "{group}");
        driver.down(0, "term");
    }
}

process_test! {
    /// With all descriptors taken nothing more can be started, and all that runs can be stopped.
    fn without_descriptors_stopping_still_works(setup: Setup) {
        let mut driver = Driver::start(&Setup {
            through: Some("ulimit -n 40; exec \"$@\""),
            ..setup
        });
        let lives: Vec<u64> = (0..20)
            .map(|service| driver.begin(&Service::new(service, "setsid sleep TOKEN & wait")))
            .collect();
        let mut refused = 0;
        for life in lives {
            let line = driver.expect(|line| {
                line.starts_with(&format!("spawned {life} ")) || line.starts_with(&format!("refused {life} "))
            });
            if line.starts_with("refused") {
                assert!(line.contains("too many open files"), "{line}");
                refused += 1;
            }
        }
        assert!((1..20).contains(&refused), "{refused}");
        for service in 0..20 {
            driver.down(service, "term");
        }
        driver.nothing_left();
        driver.end();
    }
}

process_test! {
    fn a_daemons_stdin_stays_silent_and_open(driver) {
        let life = driver.service(0, "echo ready; read line; echo ended TOKEN");
        driver.expect_line(&format!("out {life} ready"));
        driver.order("down\t0\twatch");
        // It waits for a line that never comes, rather than having read the end.
        driver.expect_line("remaining 0 [sh]");
        driver.down(0, "term");
        driver.expect_line(&format!("exited {life} Signal(15) left []"));
    }
}
