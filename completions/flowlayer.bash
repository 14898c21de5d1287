# Completes command lines of flowlayer in bash. In ~/.bashrc:
#
#     source <(flowlayer completions bash)
#
# or put this file, as `flowlayer`, into the completions directory of bash-completion. What fits is
# asked of the flowlayer in PATH, never of the program that is being typed.
_flowlayer() {
    local line more='' first=1
    COMPREPLY=()
    # Not mapfile: bash 3.2 has none. Nothing that is read here is ever evaluated.
    while IFS= read -r line; do
        if [ -n "$first" ]; then
            first='' more=$line
        else
            COMPREPLY[${#COMPREPLY[@]}]=$line
        fi
    done < <(command flowlayer __complete bash -- "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    case $more in
        files) compopt -o default ;;
        directories) compopt -o dirnames ;;
        commands)
            while IFS= read -r line; do
                COMPREPLY[${#COMPREPLY[@]}]=$line
            done < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
            ;;
    esac 2>/dev/null
    return 0
}

# In the order of the help, where bash can keep it (4.4).
complete -o nosort -F _flowlayer flowlayer flowlayer-server flowlayer-client-tui 2>/dev/null ||
    complete -F _flowlayer flowlayer flowlayer-server flowlayer-client-tui
