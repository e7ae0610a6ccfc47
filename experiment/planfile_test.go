package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/hint"
	"mslora/internal/regular"
	"mslora/params"
)

// Plans of other cells have files of their own in one folder; the same cells have one, with the settings that were given last.
func TestRecord(t *testing.T) {
	out := filepath.Join(t.TempDir(), "runs")
	config := DefaultConfig()
	config.Out, config.Seeds, config.Hyperparameters = out, []uint64{1, 2}, Axes{params.LoRARank: {4, 8}}
	lora := Cell{
		Dataset: "a", Attack: "badnets", Setting: "clean", Ratio: "0.1", Model: "c", Method: "lora", Seed: 1, Hyperparameters: params.Values{params.LoRARank: 4},
	}
	vanilla := Cell{Dataset: "a", Attack: "badnets", Setting: "clean", Ratio: "0.1", Model: "c", Method: "vanilla", Seed: 2}
	for _, plan := range []*Plan{
		{Config: config, Cells: []Cell{lora, vanilla}}, {Config: config, Cells: []Cell{vanilla}}, {Config: config, Cells: []Cell{vanilla, lora}},
	} {
		plan.Config.Threads = len(plan.Cells)
		if err := plan.Record(); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"plan-notes.yaml": "", "plan-0011223344.json": "", "notes-0011223344.yaml": ""} {
		if err := os.WriteFile(filepath.Join(out, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	paths, err := FindPlans([]string{filepath.Dir(out), out})
	if err != nil || len(paths) != 2 {
		t.Fatalf("found %v, error %v", paths, err)
	}
	found := 0
	for _, path := range paths {
		plan, err := ReadPlan(path)
		if err != nil || plan.Out != out {
			t.Fatalf("of %q, error %v", plan.Out, err)
		}
		for _, cell := range plan.Cells {
			if got := plan.FolderOf(cell); got != lora.Folder(out) && got != vanilla.Folder(out) {
				t.Errorf("folder %s", got)
			}
			if strings.Contains(cell.Title, "lora") && cell.Title != "a badnets c lora seed 1 lora_rank=4" {
				t.Errorf("title %s", cell.Title)
			}
		}
		again, err := ReadConfig(path)
		if err != nil || again.Threads != len(plan.Cells) || len(again.Seeds) != 2 {
			t.Errorf("the configuration is read as %+v, error %v", again, err)
		}
		found += len(plan.Cells)
	}
	if found != 3 {
		t.Errorf("%d cells in both plans", found)
	}
}

func TestParsePlan(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"whole", "out: runs\nof_another_version: 1\n---\ncells:\n- {folder: a/b, title: c}\n", ""},
		{"empty", "", "it is cut short"},
		{"without cells", "out: runs\n", "it is cut short"},
		{"with no cells", "out: runs\n---\ncells: []\n", "it lists no cells"},
		{"no YAML", "out: [", "line 1: did not find expected node content"},
		{"cells of another kind", "out: runs\n---\ncells: 3\n", "cannot unmarshal !!int `3` into []experiment.PlannedCell"},
		{"a folder above", "out: runs\n---\ncells:\n- folder: ../elsewhere\n", `"../elsewhere" is no folder below it`},
		{"a folder from the root", "out: runs\n---\ncells:\n- folder: /etc\n", `"/etc" is no folder below it`},
		{"a way around", "out: runs\n---\ncells:\n- folder: a/./b\n", `"a/./b" is no folder below it`},
		{"no folder", "out: runs\n---\ncells:\n- title: a\n", `"" is no folder below it`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parsePlan([]byte(test.text))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %v, want %q on one line", err, test.want)
			}
		})
	}
}

func TestReadPlanErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan-0011223344.yaml")
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ReadPlan(path)
	var hinted *hint.Error
	if !errors.As(err, &hinted) || !strings.HasPrefix(err.Error(), path+": no plan of mslora run: ") {
		t.Errorf("error %v", err)
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadPlan(path); !errors.Is(err, regular.ErrKind) {
		t.Errorf("error %v", err)
	}
}

func FuzzParsePlan(f *testing.F) {
	f.Add([]byte("out: runs\n---\ncells:\n- {folder: a/b, title: c}\n"))
	f.Add([]byte("out: runs\n---\ncells:\n- {folder: ../b}\n"))
	f.Add([]byte("a: &a [x]\n---\ncells: *a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := parsePlan(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q", err)
			}
			return
		}
		plan.Path = filepath.Join("runs", "plan")
		for _, cell := range plan.Cells {
			if folder := plan.FolderOf(cell); !strings.HasPrefix(folder, "runs") {
				t.Errorf("%q is at %q", cell.Folder, folder)
			}
		}
	})
}
