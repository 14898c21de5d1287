
use builtin;
use str;

set edit:completion:arg-completer[flowlayer] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'flowlayer'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'flowlayer'= {
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand serve 'Start the stack of a configuration and keep it running until a signal'
            cand tui 'Watch and operate a running stack in the terminal'
            cand status 'Show how the services of a running stack are'
            cand start 'Bring services up, what they depend on first'
            cand stop 'Take services down'
            cand restart 'Stop services and start them again'
            cand wait 'Wait until services are up'
            cand down 'End a running session'
            cand sessions 'List the sessions that run'
            cand validate 'Check configurations and report every problem'
            cand plan 'Show in which waves the services of a configuration start'
            cand completions 'Print a script that lets a shell complete command lines'
            cand schema 'Print the JSON Schema of configurations, for editors'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'flowlayer;serve'= {
            cand -c 'Configuration file; beats the positional one'
            cand --config 'Configuration file; beats the positional one'
            cand -s 'Offer the session API here; beats session.bind'
            cand --session-bind 'Offer the session API here; beats session.bind'
            cand --token 'Bearer token of the session API; beats `FLOWLAYER_TOKEN`, `session.token`'
            cand --only 'Boot only this service and what it depends on; can be repeated'
            cand -q 'Leave the output of services out; boot and status lines stay'
            cand --quiet 'Leave the output of services out; boot and status lines stay'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;tui'= {
            cand -a 'Where the server is: host:port'
            cand --addr 'Where the server is: host:port'
            cand --token 'Bearer token of the session API'
            cand -c 'Configuration whose session is meant'
            cand --config 'Configuration whose session is meant'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;status'= {
            cand -a 'Where the server is: host:port'
            cand --addr 'Where the server is: host:port'
            cand --token 'Bearer token of the session API'
            cand -c 'Configuration whose session is meant'
            cand --config 'Configuration whose session is meant'
            cand --json 'Print one JSON document'
            cand --exit-code 'Exit with 1 unless everything shown is up'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;start'= {
            cand --timeout 'Give up after so many seconds; also 500ms, 5m, 1h'
            cand -a 'Where the server is: host:port'
            cand --addr 'Where the server is: host:port'
            cand --token 'Bearer token of the session API'
            cand -c 'Configuration whose session is meant'
            cand --config 'Configuration whose session is meant'
            cand --all 'All services'
            cand --json 'Print one JSON document'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;stop'= {
            cand --timeout 'Give up after so many seconds; also 500ms, 5m, 1h'
            cand -a 'Where the server is: host:port'
            cand --addr 'Where the server is: host:port'
            cand --token 'Bearer token of the session API'
            cand -c 'Configuration whose session is meant'
            cand --config 'Configuration whose session is meant'
            cand --all 'All services'
            cand --json 'Print one JSON document'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;restart'= {
            cand --timeout 'Give up after so many seconds; also 500ms, 5m, 1h'
            cand -a 'Where the server is: host:port'
            cand --addr 'Where the server is: host:port'
            cand --token 'Bearer token of the session API'
            cand -c 'Configuration whose session is meant'
            cand --config 'Configuration whose session is meant'
            cand --all 'All services'
            cand --json 'Print one JSON document'
            cand --with-dependents 'Then restart what depends on them too, in the order of the plan'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;wait'= {
            cand --timeout 'Give up after so many seconds; also 500ms, 5m, 1h'
            cand -a 'Where the server is: host:port'
            cand --addr 'Where the server is: host:port'
            cand --token 'Bearer token of the session API'
            cand -c 'Configuration whose session is meant'
            cand --config 'Configuration whose session is meant'
            cand --json 'Print one JSON document'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;down'= {
            cand --timeout 'Give up after so many seconds; also 500ms, 5m, 1h'
            cand -a 'Where the server is: host:port'
            cand --addr 'Where the server is: host:port'
            cand --token 'Bearer token of the session API'
            cand -c 'Configuration whose session is meant'
            cand --config 'Configuration whose session is meant'
            cand --force 'Without grace: kill everything at once'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;sessions'= {
            cand --json 'Print one JSON document'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;validate'= {
            cand --format 'How problems are written'
            cand --deny-warnings 'Let warnings fail as errors do'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;plan'= {
            cand -c 'Configuration file; beats the positional one'
            cand --config 'Configuration file; beats the positional one'
            cand --format 'How the plan is written'
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;completions'= {
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;schema'= {
            cand --no-color 'No ANSI colours; same as a non-empty `NO_COLOR`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'flowlayer;help'= {
            cand serve 'Start the stack of a configuration and keep it running until a signal'
            cand tui 'Watch and operate a running stack in the terminal'
            cand status 'Show how the services of a running stack are'
            cand start 'Bring services up, what they depend on first'
            cand stop 'Take services down'
            cand restart 'Stop services and start them again'
            cand wait 'Wait until services are up'
            cand down 'End a running session'
            cand sessions 'List the sessions that run'
            cand validate 'Check configurations and report every problem'
            cand plan 'Show in which waves the services of a configuration start'
            cand completions 'Print a script that lets a shell complete command lines'
            cand schema 'Print the JSON Schema of configurations, for editors'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'flowlayer;help;serve'= {
        }
        &'flowlayer;help;tui'= {
        }
        &'flowlayer;help;status'= {
        }
        &'flowlayer;help;start'= {
        }
        &'flowlayer;help;stop'= {
        }
        &'flowlayer;help;restart'= {
        }
        &'flowlayer;help;wait'= {
        }
        &'flowlayer;help;down'= {
        }
        &'flowlayer;help;sessions'= {
        }
        &'flowlayer;help;validate'= {
        }
        &'flowlayer;help;plan'= {
        }
        &'flowlayer;help;completions'= {
        }
        &'flowlayer;help;schema'= {
        }
        &'flowlayer;help;help'= {
        }
    ]
    $completions[$command]
}
