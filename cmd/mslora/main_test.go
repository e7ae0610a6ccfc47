package main

import (
	"io"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// The library takes what stands between back quotes for the value of a flag, and a switch has none.
func TestSwitchesShowNoValue(t *testing.T) {
	for _, command := range newApp(io.Discard, io.Discard).Commands {
		for _, flag := range command.Flags {
			if b, ok := flag.(*cli.BoolFlag); ok && strings.Contains(b.Usage, "`") {
				t.Errorf("%s --%s: %s", command.Name, b.Name, b.Usage)
			}
		}
	}
}
