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
                    running.stdin = stdin;
                }
                outputs
            }
            Streams::Terminal(master) => vec![logs.read_terminal(master, service, watch())],
        };
        for output in outputs {
            running.pipes.add(output);
        }
    }
}
