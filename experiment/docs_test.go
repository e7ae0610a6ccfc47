package experiment

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mslora/internal/pagetable"
	"mslora/params"
)

var update = flag.Bool("update", false, "write the tables of docs/presets.md again")

// The tables of presets in the docs are those of the program: all values ("values"), the scaling vectors ("scales"), and where the paper's code
// and its text differ ("variants").
func TestPresetsOfPage(t *testing.T) {
	tables := map[string]func(*testing.T) string{"values": presetValues, "scales": presetScales, "variants": presetVariants}
	pagetable.Check(t, "../docs/presets.md", "presets", *update, func(words []string) (string, error) {
		table, is := tables[words[0]]
		if !is {
			return "", fmt.Errorf("%q is no table", words)
		}
		return table(t), nil
	})
}

const full = " of vanilla and ga"

// ofMethods are the values of a preset for those methods that have some of their own, by what tables call them.
func ofMethods(t *testing.T, p Preset) map[string]string {
	values := map[string]string{flagged("lr") + full: params.Format(p.FullLearningRate)}
	for _, name := range []string{"adapter", "prefix", "musclelora"} {
		for key, value := range p.For(method(t, name), nil) {
			row, _ := params.Find(key)
			values[flagged(row.Flag)] = shown(value)
		}
	}
	return values
}

func flagged(flag string) string { return "`--" + flag + "`" }

func shown(value any) string { return strings.ReplaceAll(params.Format(value), ",", ", ") }

// rows are the lines of a table with a column for each of all, in the order of the program's table of hyperparameters.
func rows(all []map[string]string, has func(row []string) bool) (text string) {
	for _, p := range params.Table {
		for _, name := range []string{flagged(p.Flag), flagged(p.Flag) + full} {
			row := make([]string, len(all))
			for i, values := range all {
				row[i] = values[name]
			}
			if has(row) {
				text += strings.ReplaceAll("| "+name+" | "+strings.Join(row, " | ")+" |\n", "|  |", "| |")
			}
		}
	}
	return text
}

func header(columns []string) string {
	return "| | " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns)+1) + "\n"
}

// presetValues has a column for presets that are the same but for the scaling vector.
func presetValues(t *testing.T) string {
	var names []string
	var all []map[string]string
	for _, p := range Presets {
		values := ofMethods(t, findPreset(t, PresetAuthors, p.Architecture))
		values[flagged("scales")] = "below"
		at := slices.IndexFunc(all, func(other map[string]string) bool { return reflect.DeepEqual(other, values) })
		if at < 0 {
			names, all = append(names, p.Name), append(all, values)
		} else {
			names[at] += ", " + p.Name
		}
	}
	return header(names) + rows(all, func(row []string) bool { return strings.Join(row, "") != "" })
}

func presetScales(*testing.T) string {
	sources := strings.NewReplacer(", see docs/presets.md", ", below", "; see docs/presets.md", "; below")
	text := "| model | S | source |\n|---|---|---|\n"
	for _, p := range Presets {
		text += fmt.Sprintf("| %s | %s | %s |\n", p.Name, shown(p.Values.Floats(params.Scales)), sources.Replace(p.Source))
	}
	return text
}

// presetVariants has the rows in which both variants of a preset differ.
func presetVariants(t *testing.T) string {
	var names []string
	var all []map[string]string
	for _, architecture := range []string{"bert-12x768", "llama-32x4096"} {
		for _, variant := range []string{PresetAuthors, PresetPaper} {
			p := findPreset(t, variant, architecture)
			names, all = append(names, p.Name+", `"+variant+"`"), append(all, ofMethods(t, p))
		}
	}
	return header(names) + rows(all, func(row []string) bool { return row[0] != row[1] || row[2] != row[3] })
}

// The bounds of the warnings about a model that does not fit are those of the program.
func TestBoundsOfPage(t *testing.T) {
	page, err := os.ReadFile("../docs/train.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("| tokens are unknown to the model | %v %% of all tokens or more |", 100*muchUnknown),
		fmt.Sprintf("| pieces of a character or less | more than %v tokens a character, %v for Chinese and Japanese ones |", alphabetBudget, ideographsBudget),
		fmt.Sprintf("| texts are cut | %v %% of all texts or more |", 100*manyCut),
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/train.md lacks %s", want)
		}
	}
}
