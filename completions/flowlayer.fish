# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_flowlayer_global_optspecs
    string join \n no-color h/help V/version
end

function __fish_flowlayer_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_flowlayer_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_flowlayer_using_subcommand
    set -l cmd (__fish_flowlayer_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c flowlayer -n "__fish_flowlayer_needs_command" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -s V -l version -d 'Print version'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "serve" -d 'Start the stack of a configuration and keep it running until a signal'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "tui" -d 'Watch and operate a running stack in the terminal'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "status" -d 'Show how the services of a running stack are'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "start" -d 'Bring services up, what they depend on first'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "stop" -d 'Take services down'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "restart" -d 'Stop services and start them again'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "wait" -d 'Wait until services are up'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "down" -d 'End a running session'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "sessions" -d 'List the sessions that run'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "validate" -d 'Check configurations and report every problem'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "plan" -d 'Show in which waves the services of a configuration start'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "completions" -d 'Print a script that lets a shell complete command lines'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "schema" -d 'Print the JSON Schema of configurations, for editors'
complete -c flowlayer -n "__fish_flowlayer_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand serve" -s c -l config -d 'Configuration file; beats the positional one' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand serve" -s s -l session-bind -d 'Offer the session API here; beats session.bind' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand serve" -l token -d 'Bearer token of the session API; beats `FLOWLAYER_TOKEN`, `session.token`' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand serve" -l only -d 'Boot only this service and what it depends on; can be repeated' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand serve" -s q -l quiet -d 'Leave the output of services out; boot and status lines stay'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand serve" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand serve" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand tui" -s a -l addr -d 'Where the server is: host:port' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand tui" -l token -d 'Bearer token of the session API' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand tui" -s c -l config -d 'Configuration whose session is meant' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand tui" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand tui" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand status" -s a -l addr -d 'Where the server is: host:port' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand status" -l token -d 'Bearer token of the session API' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand status" -s c -l config -d 'Configuration whose session is meant' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand status" -l json -d 'Print one JSON document'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand status" -l exit-code -d 'Exit with 1 unless everything shown is up'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand status" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand status" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand start" -l timeout -d 'Give up after so many seconds; also 500ms, 5m, 1h' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand start" -s a -l addr -d 'Where the server is: host:port' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand start" -l token -d 'Bearer token of the session API' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand start" -s c -l config -d 'Configuration whose session is meant' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand start" -l all -d 'All services'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand start" -l json -d 'Print one JSON document'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand start" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand start" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand stop" -l timeout -d 'Give up after so many seconds; also 500ms, 5m, 1h' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand stop" -s a -l addr -d 'Where the server is: host:port' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand stop" -l token -d 'Bearer token of the session API' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand stop" -s c -l config -d 'Configuration whose session is meant' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand stop" -l all -d 'All services'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand stop" -l json -d 'Print one JSON document'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand stop" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand stop" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -l timeout -d 'Give up after so many seconds; also 500ms, 5m, 1h' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -s a -l addr -d 'Where the server is: host:port' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -l token -d 'Bearer token of the session API' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -s c -l config -d 'Configuration whose session is meant' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -l all -d 'All services'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -l json -d 'Print one JSON document'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -l with-dependents -d 'Then restart what depends on them too, in the order of the plan'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand restart" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand wait" -l timeout -d 'Give up after so many seconds; also 500ms, 5m, 1h' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand wait" -s a -l addr -d 'Where the server is: host:port' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand wait" -l token -d 'Bearer token of the session API' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand wait" -s c -l config -d 'Configuration whose session is meant' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand wait" -l json -d 'Print one JSON document'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand wait" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand wait" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand down" -l timeout -d 'Give up after so many seconds; also 500ms, 5m, 1h' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand down" -s a -l addr -d 'Where the server is: host:port' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand down" -l token -d 'Bearer token of the session API' -r
complete -c flowlayer -n "__fish_flowlayer_using_subcommand down" -s c -l config -d 'Configuration whose session is meant' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand down" -l force -d 'Without grace: kill everything at once'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand down" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand down" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand sessions" -l json -d 'Print one JSON document'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand sessions" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand sessions" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand validate" -l format -d 'How problems are written' -r -f -a "text\t'For people, with the source line and a caret'
json\t'One JSON document'
github\t'Workflow commands that show up as annotations on GitHub'"
complete -c flowlayer -n "__fish_flowlayer_using_subcommand validate" -l deny-warnings -d 'Let warnings fail as errors do'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand validate" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand validate" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand plan" -s c -l config -d 'Configuration file; beats the positional one' -r -F
complete -c flowlayer -n "__fish_flowlayer_using_subcommand plan" -l format -d 'How the plan is written' -r -f -a "text\t'One line a wave'
json\t'One JSON document with waves and edges'
dot\t'A graph for Graphviz'
mermaid\t'A flowchart for Mermaid'"
complete -c flowlayer -n "__fish_flowlayer_using_subcommand plan" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand plan" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand completions" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand completions" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand schema" -l no-color -d 'No ANSI colours; same as a non-empty `NO_COLOR`'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand schema" -s h -l help -d 'Print help'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "serve" -d 'Start the stack of a configuration and keep it running until a signal'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "tui" -d 'Watch and operate a running stack in the terminal'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "status" -d 'Show how the services of a running stack are'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "start" -d 'Bring services up, what they depend on first'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "stop" -d 'Take services down'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "restart" -d 'Stop services and start them again'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "wait" -d 'Wait until services are up'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "down" -d 'End a running session'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "sessions" -d 'List the sessions that run'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "validate" -d 'Check configurations and report every problem'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "plan" -d 'Show in which waves the services of a configuration start'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "completions" -d 'Print a script that lets a shell complete command lines'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "schema" -d 'Print the JSON Schema of configurations, for editors'
complete -c flowlayer -n "__fish_flowlayer_using_subcommand help; and not __fish_seen_subcommand_from serve tui status start stop restart wait down sessions validate plan completions schema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
