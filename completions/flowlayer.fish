# Completes command lines of flowlayer in fish. Put this file into ~/.config/fish/completions, or
# write in config.fish:
#
#     flowlayer completions fish | source
#
# What fits is asked of the flowlayer in PATH, never of the program that is being typed.
function __flowlayer_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (command flowlayer __complete fish -- $words "$current" 2>/dev/null)
    # fish quotes what it inserts.
    string match -q '*' -- $lines[2..-1]
    and printf '%s\n' $lines[2..-1]
    switch "$lines[1]"
        case files
            # What is attached to an option (`--config=`) stays in front of the path.
            set -l attached (string match -r -- '^--?[^=]*=' "$current")
            for path in (__fish_complete_path (string replace -r -- '^--?[^=]*=' '' "$current"))
                printf '%s%s\n' "$attached" $path
            end
        case directories
            __fish_complete_directories "$current"
        case commands
            __fish_complete_command
    end
end

for program in flowlayer flowlayer-server flowlayer-client-tui
    complete -c $program -f -k -a '(__flowlayer_complete)'
end
