package eval

import (
	"strings"
	"testing"
)

func TestIsTable(t *testing.T) {
	text := written(t, mustRows(t, oneSeed(), true), "text", false)
	for _, test := range goldenCases {
		for _, format := range Formats {
			table := written(t, mustRows(t, test.results(), true), format, false)
			if !IsTable([]byte(table)) {
				t.Errorf("%s, %s: not known again", test.name, format)
			}
			if IsTable([]byte("# Results\n\n" + table)) {
				t.Errorf("%s, %s: a page with a table is taken for one", test.name, format)
			}
		}
	}
	var excel strings.Builder
	if err := WriteTable(&excel, mustRows(t, oneSeed(), true), "csv", Style{Excel: true}); err != nil || !IsTable([]byte(excel.String())) || excel.String()[:3] != "\ufeff" {
		t.Errorf("for Excel: %v, %.20q", err, excel.String())
	}
	for name, content := range map[string]string{
		"nothing": "", "prose": "my notes\n", "JSON of another kind": `[{"method": "x", "mine": 1}]`, "no rows": "[]", "an object": "{}",
		"prose after a table": text + "So it works.\nAnd again.\nAnd again.\n", "another CSV": "text,label\na,1\n",
		"prose between": strings.Replace(text, "┌", "a line\n\nanother\n┌", 1), "the legend alone": strings.Join(legend, "\n"),
	} {
		if IsTable([]byte(content)) {
			t.Errorf("%s is taken for a table", name)
		}
	}
}

func FuzzIsTable(f *testing.F) {
	for _, seed := range []string{"", legend[0], "|\n" + strings.Join(legend, "\n"), "[{}]", "a\n\n|"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, content []byte) { IsTable(content) })
}
