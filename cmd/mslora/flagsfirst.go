package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a subcommand in front of its other arguments: the library stops at the
// first argument that is no flag, but people write `mslora table runs --format csv`. What follows "--"
// stays where it is.
func flagsFirst(app *cli.App, arguments []string) []string {
	if len(arguments) < 2 {
		return arguments
	}
	command := app.Command(arguments[1])
	if command == nil {
		return arguments
	}
	var flags, rest []string
	for i := 2; i < len(arguments); i++ {
		argument := arguments[i]
		if argument == "--" {
			rest = append(rest, arguments[i+1:]...)
			break
		}
		if !strings.HasPrefix(argument, "-") || argument == "-" {
			rest = append(rest, argument)
			continue
		}
		flags = append(flags, argument)
		if takesValue(command, strings.TrimLeft(argument, "-")) && i+1 < len(arguments) {
			i++
			flags = append(flags, arguments[i])
		}
	}
	return slices.Concat(arguments[:2], flags, []string{"--"}, rest)
}

// takesValue tells whether a flag, written without "=", is followed by its value.
func takesValue(command *cli.Command, name string) bool {
	for _, f := range command.Flags {
		if slices.Contains(f.Names(), name) {
			_, boolean := f.(*cli.BoolFlag)
			return !boolean
		}
	}
	return false
}
