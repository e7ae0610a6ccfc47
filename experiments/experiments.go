// Package experiments holds the paper's tables and figures, and measurements of our own, as configurations of `mslora run`.
package experiments

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
)

//go:embed *.yaml
var files embed.FS

// Names are those of all experiments, by number: table1 … figure13, then our own.
var Names = names()

// kinds of experiments.
var kinds = []string{"table", "figure", "purify", "sweep"}

func names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // of files in the program
	}
	var all []string
	for _, entry := range entries {
		all = append(all, strings.TrimSuffix(entry.Name(), ".yaml"))
	}
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz"))
		if err != nil {
			panic(fmt.Sprintf("%s.yaml has no number", name))
		}
		return 1000*slices.Index(kinds, strings.TrimRight(name, "0123456789")) + n
	}
	slices.SortFunc(all, func(a, b string) int { return number(a) - number(b) })
	return all
}

// Read gives the YAML text of an experiment.
func Read(name string) ([]byte, error) {
	if !slices.Contains(Names, name) {
		return nil, hint.New("one of all, "+strings.Join(Names, ", "), "there is no experiment %s", hint.Quote(name))
	}
	return files.ReadFile(name + ".yaml")
}
