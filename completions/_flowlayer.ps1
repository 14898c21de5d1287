# Completes command lines of flowlayer in PowerShell. In $PROFILE:
#
#     flowlayer completions powershell | Out-String | Invoke-Expression
#
# What fits is asked of the flowlayer in PATH, never of the program that is being typed.
Register-ArgumentCompleter -Native -CommandName 'flowlayer', 'flowlayer-server', 'flowlayer-client-tui' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @(
        foreach ($element in $commandAst.CommandElements) {
            if ($element.Extent.EndOffset -ge $cursorPosition) { break }
            if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                $element.Value
            } else {
                $element.Extent.Text
            }
        }
    )
    $program = Get-Command -Name 'flowlayer' -CommandType Application -ErrorAction SilentlyContinue |
        Select-Object -First 1
    if (-not $program) { return }
    # The first line says what the shell adds; PowerShell completes paths when it gets nothing.
    & $program.Source __complete powershell '--' @words "$wordToComplete" 2>$null |
        Select-Object -Skip 1 |
        ForEach-Object {
            $value, $help = $_ -split "`t", 2
            if (-not $help) { $help = $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
        }
}
