package experiment

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"mslora/catalog"
	"mslora/defence"
	"mslora/eval"
)

// The files of tables in experiments/ are valid, without data and models, and hold exactly the cells that the paper's tables have
// and this program can train.
func TestPaperTables(t *testing.T) {
	files, err := filepath.Glob("../experiments/table*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]bool{}
	for _, cell := range eval.PaperCells {
		if _, err := defence.Find(cell.Method); err != nil {
			continue
		}
		file := fmt.Sprintf("table%d.yaml", cell.Table)
		if want[file] == nil {
			want[file] = map[string]bool{}
		}
		want[file][cell.Dataset+" "+cell.Model+" "+cell.Method+" "+cell.Attack] = true
	}
	if len(files) != len(want) {
		t.Errorf("there are %d files for %d tables", len(files), len(want))
	}
	for _, path := range files {
		config, err := ReadConfig(path)
		if err == nil {
			err = config.Validate()
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if fmt.Sprint(config.Ratio, config.Target, config.Setting, config.Limit, config.Hyperparameters) != "[0.1] [1] [] [] map[]" {
			t.Errorf("%s is not the paper's setting: %+v", path, config)
		}
		got := map[string]bool{}
		for _, data := range config.Data {
			if !slices.Contains(catalog.DataNames, data) {
				t.Errorf("%s: data set %s has no name", path, data)
			}
			for _, model := range config.Models {
				if !slices.Contains(catalog.ModelNames(), model) {
					t.Errorf("%s: model %s has no name", path, model)
				}
				architecture, err := ArchitectureOf(model)
				if err != nil {
					t.Errorf("%s: %v", path, err)
				}
				if preset := findPreset(t, config.Preset, architecture); preset.Name != model {
					t.Errorf("%s: %s has the preset of %s", path, model, preset.Name)
				}
				for _, method := range config.Methods {
					for _, attack := range config.Attacks {
						got[data+" "+model+" "+method+" "+attack] = true
					}
				}
			}
		}
		table := want[filepath.Base(path)]
		for _, cell := range slices.Sorted(maps.Keys(table)) {
			if !got[cell] {
				t.Errorf("%s lacks %s", path, cell)
			}
		}
		for _, cell := range slices.Sorted(maps.Keys(got)) {
			if !table[cell] {
				t.Errorf("%s has %s, which is not in the paper's table", path, cell)
			}
		}
	}
}
