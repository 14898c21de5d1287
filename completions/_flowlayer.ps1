
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'flowlayer' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'flowlayer'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'flowlayer' {
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Start the stack of a configuration and keep it running until a signal')
            [CompletionResult]::new('tui', 'tui', [CompletionResultType]::ParameterValue, 'Watch and operate a running stack in the terminal')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show how the services of a running stack are')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Bring services up, what they depend on first')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Take services down')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop services and start them again')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until services are up')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'End a running session')
            [CompletionResult]::new('sessions', 'sessions', [CompletionResultType]::ParameterValue, 'List the sessions that run')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check configurations and report every problem')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show in which waves the services of a configuration start')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a script that lets a shell complete command lines')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of configurations, for editors')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'flowlayer;serve' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration file; beats the positional one')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file; beats the positional one')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Offer the session API here; beats session.bind')
            [CompletionResult]::new('--session-bind', '--session-bind', [CompletionResultType]::ParameterName, 'Offer the session API here; beats session.bind')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'Bearer token of the session API; beats `FLOWLAYER_TOKEN`, `session.token`')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Boot only this service and what it depends on; can be repeated')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Leave the output of services out; boot and status lines stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Leave the output of services out; boot and status lines stay')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;tui' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'Bearer token of the session API')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;status' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'Bearer token of the session API')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit with 1 unless everything shown is up')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;start' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after so many seconds; also 500ms, 5m, 1h')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'Bearer token of the session API')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;stop' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after so many seconds; also 500ms, 5m, 1h')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'Bearer token of the session API')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;restart' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after so many seconds; also 500ms, 5m, 1h')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'Bearer token of the session API')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All services')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document')
            [CompletionResult]::new('--with-dependents', '--with-dependents', [CompletionResultType]::ParameterName, 'Then restart what depends on them too, in the order of the plan')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;wait' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after so many seconds; also 500ms, 5m, 1h')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'Bearer token of the session API')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;down' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after so many seconds; also 500ms, 5m, 1h')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where the server is: host:port')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'Bearer token of the session API')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration whose session is meant')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Without grace: kill everything at once')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;sessions' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;validate' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How problems are written')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Let warnings fail as errors do')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;plan' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration file; beats the positional one')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file; beats the positional one')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the plan is written')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;completions' {
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;schema' {
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No ANSI colours; same as a non-empty `NO_COLOR`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'flowlayer;help' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Start the stack of a configuration and keep it running until a signal')
            [CompletionResult]::new('tui', 'tui', [CompletionResultType]::ParameterValue, 'Watch and operate a running stack in the terminal')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show how the services of a running stack are')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Bring services up, what they depend on first')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Take services down')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop services and start them again')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until services are up')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'End a running session')
            [CompletionResult]::new('sessions', 'sessions', [CompletionResultType]::ParameterValue, 'List the sessions that run')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check configurations and report every problem')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show in which waves the services of a configuration start')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a script that lets a shell complete command lines')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of configurations, for editors')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'flowlayer;help;serve' {
            break
        }
        'flowlayer;help;tui' {
            break
        }
        'flowlayer;help;status' {
            break
        }
        'flowlayer;help;start' {
            break
        }
        'flowlayer;help;stop' {
            break
        }
        'flowlayer;help;restart' {
            break
        }
        'flowlayer;help;wait' {
            break
        }
        'flowlayer;help;down' {
            break
        }
        'flowlayer;help;sessions' {
            break
        }
        'flowlayer;help;validate' {
            break
        }
        'flowlayer;help;plan' {
            break
        }
        'flowlayer;help;completions' {
            break
        }
        'flowlayer;help;schema' {
            break
        }
        'flowlayer;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
