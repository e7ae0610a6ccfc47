package poison

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/internal/ownfolder"
	"mslora/internal/testset"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// reviews is a plain folder: 10 train, 4 dev and 3 test texts, in the three file formats.
const reviews = "testdata/reviews"

func makeSet(t *testing.T, path string, o MakeOptions) *Set {
	t.Helper()
	source, err := ReadSource(path, SourceOptions{Attack: o.Attack, Target: o.Target, Seed: o.Seed})
	if err != nil {
		t.Fatal(err)
	}
	set, err := Make(source, o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func writeSet(t *testing.T, set *Set, dir string, force bool) Written {
	t.Helper()
	written, err := set.Write(dir, "mslora test", force)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// poisonedTexts are texts with the flag and the target label 1.
func poisonedTexts(texts ...string) (poisoned []dataset.Text) {
	for _, text := range texts {
		poisoned = append(poisoned, dataset.Text{Text: text, Label: 1, Poisoned: true})
	}
	return poisoned
}

// readTree gives the content of each file below dir.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		tree[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// The poisoned sets below testdata/golden are what the same seed gave before, byte for byte.
func TestGolden(t *testing.T) {
	const golden = "testdata/golden"
	dir := t.TempDir()
	if *update {
		if err := os.RemoveAll(golden); err != nil {
			t.Fatal(err)
		}
		dir = golden
	}
	for _, o := range []MakeOptions{
		{Attack: dataset.BadNets, Target: 1, Ratio: 0.3, Seed: 42},
		{Attack: dataset.AddSent, Target: 1, Ratio: 0.2, Seed: 42},
	} {
		writeSet(t, makeSet(t, reviews, o), dir, false)
	}
	got, want := readTree(t, dir), readTree(t, golden)
	for name := range got {
		if got[name] != want[name] {
			t.Errorf("%s differs from its golden file (go test -update rewrites it)\n got %s\nwant %s", name, got[name], want[name])
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s was not written", name)
		}
	}
}

// What is written is read again, for each setting and target.
func TestWriteLoad(t *testing.T) {
	for _, attack := range []string{dataset.BadNets, dataset.AddSent} {
		for _, setting := range dataset.Settings {
			for _, target := range []int{0, 1} {
				dir := t.TempDir()
				set := makeSet(t, reviews, MakeOptions{Attack: attack, Target: target, Setting: setting, Ratio: 0.4, Seed: 9})
				writeSet(t, set, dir, false)
				d, err := dataset.Load(dir, dataset.LoadOptions{Attack: attack, Target: target, Setting: setting, Ratio: "0.4"})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(d.Train, set.Train) || !slices.Equal(d.Dev, set.DevClean) || !slices.Equal(d.TestClean, set.TestClean) || !slices.Equal(d.TestPoison, set.TestPoison) {
					t.Errorf("%s, %s, target %d: read\n%v\nwrote\n%v", attack, setting, target, d, set)
				}
				if dataset.Poisoned(d.Train) != 4 || d.Classes != 2 || d.Setting != setting {
					t.Errorf("%s, %s, target %d: %d poisoned", attack, setting, target, dataset.Poisoned(d.Train))
				}
				others := 0
				for _, text := range set.TestClean {
					if text.Label != target {
						others++
					}
				}
				if len(d.TestPoison) != others {
					t.Errorf("target %d: %d poisoned test texts, want a copy of each of the %d non-target ones", target, len(d.TestPoison), others)
				}
			}
		}
	}
}

// The same seed gives the same bytes, another one others; the set can be read back as a source.
func TestMakeSeeds(t *testing.T) {
	o := MakeOptions{Attack: dataset.BadNets, Target: 1, Ratio: 0.2, Seed: 1}
	first, second := t.TempDir(), t.TempDir()
	writeSet(t, makeSet(t, reviews, o), first, false)
	writeSet(t, makeSet(t, first, o), second, false)
	a, b := readTree(t, first), readTree(t, second)
	for name := range a {
		if filepath.Ext(name) == ".csv" && a[name] != b[name] {
			t.Errorf("%s differs", name)
		}
	}
	o.Seed = 2
	if other := makeSet(t, reviews, o); bytes.Equal(dataset.EncodeCSV(other.TrainPoison), []byte(a["1/badnets/train-poison.csv"])) {
		t.Error("another seed gives the same poisoned texts")
	}
}

func TestWriteTwice(t *testing.T) {
	dir := t.TempDir()
	o := MakeOptions{Attack: dataset.BadNets, Target: 1, Ratio: 0.2, Seed: 1}
	if written := writeSet(t, makeSet(t, reviews, o), dir, false); !written.Changed || written.Record.Poisoned != 2 || written.Record.Setting != "clean" {
		t.Errorf("first: %+v", written)
	}
	if written := writeSet(t, makeSet(t, reviews, o), dir, false); written.Changed {
		t.Error("the same set was written again")
	}
	// Another ratio shares the files that do not depend on it.
	o.Ratio = 0.3
	if written := writeSet(t, makeSet(t, reviews, o), dir, false); !written.Changed {
		t.Error("another ratio was not written")
	}
	// A set cut off before its record is completed.
	record := filepath.Join(dir, "1/badnets/clean/0.3/poison.json")
	if err := errors.Join(os.Remove(record), os.Remove(filepath.Join(dir, "1/badnets/dev-poison.csv"))); err != nil {
		t.Fatal(err)
	}
	if written := writeSet(t, makeSet(t, reviews, o), dir, false); !written.Changed {
		t.Error("the set was not completed")
	}
	if _, err := os.Stat(record); err != nil {
		t.Error(err)
	}

	before := readTree(t, dir)
	o.Seed = 2
	_, err := makeSet(t, reviews, o).Write(dir, "mslora test", false)
	if !errors.Is(err, ErrExists) {
		t.Errorf("error %v, want ErrExists", err)
	}
	testset.CheckError(t, err, filepath.Join(dir, "1/badnets/train-poison.csv")+" differs: another data set is there", "choose another --out, or --force to replace it")
	after := readTree(t, dir)
	for name := range before {
		if before[name] != after[name] {
			t.Errorf("%s was changed", name)
		}
	}
	writeSet(t, makeSet(t, reviews, o), dir, true)
	if readTree(t, dir)["1/badnets/train-poison.csv"] == before["1/badnets/train-poison.csv"] {
		t.Error("force replaced nothing")
	}
}

// The paraphrasing attacks mix the paraphrases that are there; blank ones stay, so that rows keep in step.
func TestMakeParaphrased(t *testing.T) {
	files := map[string]string{
		"1/synbkd/train-clean.csv":  ",0,1,2\n0,a,0,0\n1,b,1,0\n2,c,0,0\n3,d,1,0\n",
		"1/synbkd/train-poison.csv": ",0,1,2\n0,if a,1,1\n1,,1,1\n2,if c,1,1\n3,if d,1,1\n",
		"1/synbkd/dev-clean.csv":    ",0,1,2\n0,e,0,0\n",
		"1/synbkd/dev-poison.csv":   ",0,1,2\n0,if e,1,1\n",
		"1/synbkd/test-clean.csv":   ",0,1,2\n0,f,0,0\n",
		"1/synbkd/test-poison.csv":  ",0,1,2\n0,if f,1,1\n",
	}
	dir := testset.Write(t, files)
	set := makeSet(t, dir, MakeOptions{Attack: dataset.HiddenKiller, Target: 1, Ratio: 1})
	if want := poisonedTexts("if a", "", "if c", "if d"); set.Setting != "mix" || !slices.Equal(set.Train, want) {
		t.Errorf("got %v", set.Train)
	}
	if _, err := set.Write(dir, "mslora test", true); !errors.Is(err, ownfolder.ErrForeign) {
		t.Errorf("into a folder that holds somebody else's files: error %v", err)
	}
	dir = t.TempDir()
	if written := writeSet(t, set, dir, false); written.Record.Trigger != nil {
		t.Errorf("a trigger is recorded: %v", written.Record.Trigger)
	}
	d, err := dataset.Load(dir, dataset.LoadOptions{Attack: dataset.HiddenKiller, Target: 1, Ratio: "1"})
	if err == nil || !strings.Contains(err.Error(), "no text has label 0") {
		t.Errorf("got %v, error %v", d, err)
	}
	if d, err = dataset.Load(dir, dataset.LoadOptions{Attack: dataset.HiddenKiller, Target: 1, Ratio: "1", Classes: 2}); err != nil || len(d.Train) != 3 || d.Files[0].Skipped != 1 {
		t.Errorf("got %v, error %v", d, err)
	}
}

func TestMakeErrors(t *testing.T) {
	source, err := ReadSource(reviews, SourceOptions{Attack: dataset.BadNets, Target: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	allTarget := *source
	allTarget.Dev = []dataset.Text{{Text: "a", Label: 1}}
	for _, test := range []struct {
		name          string
		source        *Source
		o             MakeOptions
		message, hint string
	}{
		{"attack", source, MakeOptions{Attack: "x"}, `unknown attack "x"`, "attacks are badnets, addsent, hiddenkiller, stylebkd"},
		{"setting", source, MakeOptions{Attack: dataset.BadNets, Setting: "x"}, `unknown setting "x"`, "settings are clean, dirty, mix"},
		{"target", source, MakeOptions{Attack: dataset.BadNets, Target: 2}, "target label 2 is out of range, expected 0 to 1", "choose another --target"},
		{"trigger", source, MakeOptions{Attack: dataset.BadNets, Target: 1, Trigger: Trigger{Insertions: 4}}, "the trigger is empty", "badnets takes words with commas between them, addsent one sentence"},
		{"ratio", source, MakeOptions{Attack: dataset.BadNets, Target: 1, Ratio: 0.05}, "ratio 0.05 of 10 training texts is less than one text", "raise --ratio or give more texts"},
		{"no other label", &allTarget, MakeOptions{Attack: dataset.BadNets, Target: 1, Ratio: 0.1}, "every dev or test text is of the target label 1", "ASR needs texts of another label"},
		{"paraphrase", source, MakeOptions{Attack: dataset.StyleBkd, Target: 1, Ratio: 0.1}, "stylebkd paraphrases with a language model, and reviews has no paraphrased texts",
			"give paraphrases of its texts with --paraphrases; badnets and addsent need none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Make(test.source, test.o)
			testset.CheckError(t, err, test.message, test.hint)
		})
	}
}
