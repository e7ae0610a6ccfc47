package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"

	"mslora/internal/pagetable"
	"mslora/suspicion"
)

var update = flag.Bool("update", false, "write the tables of docs/purify.md again")

// Tables of the page are made of committed results: those of poisoned sets ("found"), of clean ones ("alarms"), of
// other rankings ("baselines"), without a signal ("ablation"), and of all how often the search errs ("rates").
func TestResultsOfPage(t *testing.T) {
	one := func(table func(folder string) (string, error)) func(folders ...string) (string, error) {
		return func(folders ...string) (string, error) { return table(folders[0]) }
	}
	tables := map[string]func(folders ...string) (string, error){
		"found": one(foundTable), "alarms": one(alarmTable), "baselines": one(baselineTable), "ablation": one(ablationTable), "teachers": one(teacherTable), "rates": ratesTable,
	}
	pagetable.Check(t, "../../../docs/purify.md", "tools/bench/suspicion", *update, func(words []string) (string, error) {
		table, is := tables[words[0]]
		if !is || len(words) < 2 {
			return "", fmt.Errorf("%q is no table", words)
		}
		folders := words[1:]
		for i := range folders {
			folders[i] = filepath.Join("../../..", folders[i])
		}
		return table(folders...)
	})
}

// What the program says of its own errors is what was measured.
func TestMeasuredRates(t *testing.T) {
	const results = "../../../docs/results/suspicion/"
	for _, c := range []struct {
		said    suspicion.Rates
		folders []string
	}{
		{suspicion.Measured, []string{results + "trusted", results + "unseen"}},
		{suspicion.Alone, []string{results + "alone"}},
	} {
		if got, err := ratesOf(c.folders...); err != nil || got != c.said {
			t.Errorf("measured %+v, package suspicion says %+v: %v", got, c.said, err)
		}
	}
}
