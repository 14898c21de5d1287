//! What a run prints, read.

use std::sync::Arc;

use super::Performer;
use crate::facts::Stream;
use crate::logs::LineWatch;
use crate::process::Streams;

impl Performer {
    /// Reads what a run prints.
    pub(super) fn read_output(&mut self, service: usize, streams: Streams, is_stop_command: bool) {
        let running = &mut self.running[service];
        let watch = || {
            let watched = running.watched.clone().filter(|_| !is_stop_command);
            watched.map(|watched| watched as Arc<dyn LineWatch>)
        };
        let logs = &self.logs;
        let outputs = match streams {
            Streams::Pipes {
                stdout,
                stderr,
                stdin,
            } => {
                let outputs = vec![
                    logs.read_pipe(stdout, service, Stream::Stdout, watch()),
                    logs.read_pipe(stderr, service, Stream::Stderr, watch()),
                ];
                if !is_stop_command {
                    self.consoles.of(service).run_with_pipe(stdin);
                }
                outputs
            }
            Streams::Terminal(master) => {
                let console = self.consoles.of(service);
                if let Err(error) = console.run_in_terminal(&master) {
                    logs.note(service, &format!("nothing can be sent to it: {error}"));
                }
                vec![logs.read_terminal(master, service, console, watch())]
            }
        };
        for output in outputs {
            running.pipes.add(output);
        }
    }
}
