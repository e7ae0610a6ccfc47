package poison

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/internal/testset"
)

// A single file is divided by class and seed; every text goes to one part.
func TestReadSourceSingle(t *testing.T) {
	var content strings.Builder
	content.WriteString("text,label\n")
	for i := range 60 {
		fmt.Fprintf(&content, "t%d,%d\n", i, i%3/2) // 40 of label 0, 20 of label 1
	}
	path := filepath.Join(testset.Write(t, map[string]string{"all.csv": content.String()}), "all.csv")
	s, err := ReadSource(path, SourceOptions{Attack: dataset.BadNets, Target: 1, Seed: 42})
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "all" || s.Classes != 2 || len(s.Files) != 1 || s.Files[0].Rows != 60 {
		t.Errorf("got %+v", s)
	}
	seen := map[string]bool{}
	for _, part := range []struct {
		texts []dataset.Text
		want  [2]int
	}{{s.Train, [2]int{32, 16}}, {s.Dev, [2]int{4, 2}}, {s.Test, [2]int{4, 2}}} {
		var count [2]int
		for _, text := range part.texts {
			count[text.Label]++
			seen[text.Text] = true
		}
		if count != part.want {
			t.Errorf("got %v texts of the labels, want %v", count, part.want)
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d of 60 texts are there", len(seen))
	}
	again, _ := ReadSource(path, SourceOptions{Attack: dataset.BadNets, Target: 1, Seed: 42})
	other, _ := ReadSource(path, SourceOptions{Attack: dataset.BadNets, Target: 1, Seed: 43})
	if !slices.Equal(s.Dev, again.Dev) || slices.Equal(s.Dev, other.Dev) {
		t.Error("the division does not follow the seed")
	}
}

// The clean texts of any target and attack serve, those asked for first.
func TestReadSourceRelease(t *testing.T) {
	files := map[string]string{}
	for folder, text := range map[string]string{"0/addsent": "other", "1/badnets": "wanted"} {
		files[folder+"/train-clean.csv"] = ",0,1,2\n0," + text + ",0,0\n1,b,1,0\n"
		files[folder+"/dev-clean.csv"] = ",0,1,2\n0,c,0,0\n"
		files[folder+"/test-clean.csv"] = ",0,1,2\n0,d,0,0\n"
	}
	dir := testset.Write(t, files)
	for attack, want := range map[string]string{dataset.BadNets: "wanted", dataset.StyleBkd: "other"} {
		s, err := ReadSource(dir, SourceOptions{Attack: attack, Target: 1})
		if err != nil {
			t.Fatal(err)
		}
		if s.Train[0].Text != want || len(s.Files) != 3 || s.Files[0].Role != "train-clean" {
			t.Errorf("%s: got %+v", attack, s)
		}
	}
}

func TestReadSourceErrors(t *testing.T) {
	paraphrased := map[string]string{
		"1/synbkd/train-clean.csv":  ",0,1,2\n0,a,0,0\n1,b,1,0\n",
		"1/synbkd/dev-clean.csv":    ",0,1,2\n0,e,0,0\n",
		"1/synbkd/test-clean.csv":   ",0,1,2\n0,f,0,0\n",
		"1/synbkd/train-poison.csv": ",0,1,2\n0,if a,1,1\n",
		"1/synbkd/dev-poison.csv":   ",0,1,2\n0,if e,1,1\n",
		"1/synbkd/test-poison.csv":  ",0,1,2\n0,if f,1,1\n",
	}
	const clean = "poisoning needs clean train, dev and test texts"
	for _, test := range []struct {
		name              string
		files             map[string]string
		at, attack        string
		message, hintText string
	}{
		{"nothing", nil, "none", dataset.BadNets, "DIR/none: file does not exist", "give a data set folder or a file with text and label"},
		{"attack", nil, "", "x", `unknown attack "x"`, "attacks are badnets, addsent, hiddenkiller, stylebkd"},
		{"empty folder", nil, "", dataset.BadNets, "DIR has no clean texts to poison", "a folder needs train, dev and test files, or TARGET/ATTACK folders with train-clean.csv, dev-clean.csv and test-clean.csv"},
		{"no dev", map[string]string{"train.csv": "text,label\na,0\nb,1\n"}, "", dataset.BadNets, "DIR: file does not exist: dev.csv, dev.tsv or dev.jsonl", clean},
		{"poisoned already", map[string]string{"train.csv": "text,label,poisoned\na,0,0\nb,1,1\n"}, "", dataset.BadNets, "DIR/train.csv: line 3: a row to be poisoned is flagged as poisoned already", "give clean texts"},
		{"range", map[string]string{"train.csv": "text,label\na,0\nb,1\n", "dev.csv": "text,label\nc,2\n", "test.csv": "text,label\nd,0\n"}, "", dataset.BadNets,
			"DIR/dev.csv: line 2: label 2 is out of range, expected 0 to 1", "labels are numbered from 0; the number of classes is that of the training texts unless it is given"},
		{"unknown kind", map[string]string{"all.txt": "a"}, "all.txt", dataset.BadNets, "DIR/all.txt: a .txt file has no labels where lines are just texts", "give a .csv, .tsv or .jsonl file; lines may also be text@label, label and text with a space between, or __label__x and text"},
		{"too few to divide", map[string]string{"all.csv": "text,label\n" + strings.Repeat("a,0\n", 10) + "b,1\n"}, "all.csv", dataset.BadNets,
			"DIR/all.csv: label 1 has 1 texts; drawing a tenth of each label needs 10", "add texts, or give a folder with train, dev and test files"},
		{"paraphrases missing", paraphrased, "", dataset.HiddenKiller, "DIR/1/synbkd: train-poison has 1 rows, train-clean has 2",
			"both files must hold the same texts in the same order; where paraphrases are missing the set cannot be mixed"},
		{"paraphrase with its true label", testset.With(paraphrased, "1/synbkd/train-poison.csv", ",0,1,2\n0,if a,0,1\n1,if b,1,1\n"), "", dataset.HiddenKiller,
			"DIR/1/synbkd/train-poison.csv: line 2: label 0, expected the target label 1", "poisoned texts carry the target label"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := testset.Write(t, test.files)
			_, err := ReadSource(filepath.Join(dir, test.at), SourceOptions{Attack: test.attack, Target: 1})
			testset.CheckError(t, err, strings.ReplaceAll(test.message, "DIR", dir), test.hintText)
		})
	}
}
