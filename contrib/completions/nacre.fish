# SPDX-License-Identifier: Apache-2.0
# fish completion for nacre. Commands, options and their words come from "nacre help", which prints
# the tables that the parser reads: there is no second list to keep.

# __nacre_words rules|grants: prints one word per line.
function __nacre_words
    nacre help $argv[1] 2>/dev/null | string match -r '^  \S+' | string trim
end

function __nacre_complete_grants
    set -l token (commandline -ct | string replace -r '^--allow=' '')
    switch $token
        case 'device:*' 'mount:*' 'workspace:*'
            set -l parts (string split -m 1 : $token)
            __fish_complete_path $parts[2] | string replace -r '^' "$parts[1]:"
        case '*:*'
            __nacre_words grants | string match (string split -m 1 : $token)[1]':*'
        case '*'
            __nacre_words grants | string replace -r ':.*' : | uniq
    end
end

# Prints letter, name, value and help of each option of a command, or without one of nacre itself, with tabs
# between.
function __nacre_rows
    nacre help $argv 2>/dev/null | awk '
        function put() { if (name != "") printf "%s\t%s\t%s\t%s\n", letter, name, value, help; name = "" }
        /^ +(-[a-z], )?--[a-z]/ {
            put()
            sub(/^ +/, "")
            letter = "-"
            if ($0 ~ /^-[a-z], /) { letter = substr($0, 2, 1); sub(/^-[a-z], /, "") }
            name = substr($1, 3)
            value = $0 ~ /^--[a-z0-9-]+ [^ ]/ ? $2 : "-"
            help = $0
            sub(/^--[a-z0-9-]+( [^ ]+)? */, "", help)
            next
        }
        name != "" && /^ +[^ ]/ { sub(/^ +/, ""); help = help $0; next }
        { put() }
        END { put() }'
end

function __nacre_containers
    nacre list --quiet 2>/dev/null
end

# __nacre_options CONDITION [COMMAND]
function __nacre_options
    __nacre_rows $argv[2..-1] | while read -d \t letter name value help
        set -l row -c nacre -n $argv[1] -l $name -d $help
        test $letter = -; or set row $row -s $letter
        switch $value
            case -
                complete $row
            case '*|*'
                complete $row -x -a (string replace -a '|' ' ' $value)
            case DESTINATION
                complete $row -x -a 'none open private'
            case RULE
                complete $row -x -a '(__nacre_words rules)'
            case GRANT
                complete $row -x -a '(__nacre_complete_grants)'
            case DIR
                complete $row -x -a '(__fish_complete_directories)'
            case FILE PATH
                complete $row -r -F
            case '*'
                complete $row -x
        end
    end
end

complete -c nacre -f
__nacre_options __fish_use_subcommand
nacre help 2>/dev/null | string match -r '^  [a-z]+ .*' | while read -l command summary
    complete -c nacre -n __fish_use_subcommand -a $command -d (string trim $summary)
    complete -c nacre -n '__fish_seen_subcommand_from help' -a $command -d (string trim $summary)
    __nacre_options "__fish_seen_subcommand_from $command" $command
    if nacre help $command | string match -qr '^usage: .* ID'
        complete -c nacre -n "__fish_seen_subcommand_from $command" -a '(__nacre_containers)'
    end
end
