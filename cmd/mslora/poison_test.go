package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/poison"
)

// cleanTexts makes a plain folder with 20 train, 4 dev and 4 test texts of two classes.
func cleanTexts(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "reviews")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string]int{"train": 20, "dev": 4, "test": 4} {
		content := "text,label\n"
		for i := range rows {
			content += fmt.Sprintf("%s text number %d,%d\n", name, i, i%2)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func runPoisonLine(arguments ...string) (code int, stdout, stderr string) {
	var out, errors bytes.Buffer
	code = mainCode(append([]string{"mslora", "poison"}, arguments...), &out, &errors)
	return code, out.String(), errors.String()
}

func TestPoisonSummary(t *testing.T) {
	data, out := cleanTexts(t), t.TempDir()
	code, stdout, stderr := runPoisonLine("--data", data, "--attack", "badnets,addsent", "--ratio", "0.2", "--out", out)
	want := `reviews, badnets, setting clean, ratio 0.2, target label 1, seed 42
  trigger  4 x cf | mn | bb | tq, anywhere in the text
  train    20 texts, 4 of them poisoned (20.0 %)
  dev      4 clean, 2 poisoned copies
  test     4 clean, 2 poisoned copies
  folder   OUT/1/badnets (written)
reviews, addsent, setting mix, ratio 0.2, target label 1, seed 42
  trigger  1 x I watch this 3D movie, anywhere in the text
  train    20 texts, 4 of them poisoned (20.0 %)
  dev      4 clean, 2 poisoned copies
  test     4 clean, 2 poisoned copies
  folder   OUT/1/addsent (written)
train and score: mslora run --model bge-small --data OUT --attacks badnets,addsent --target 1 --ratio 0.2
`
	if code != 0 || stderr != "" || strings.ReplaceAll(stdout, out, "OUT") != want {
		t.Errorf("code %d, stderr %q\n got %s\nwant %s", code, stderr, stdout, want)
	}
	_, stdout, _ = runPoisonLine("--data", data, "--ratio", "0.2", "--out", out)
	if !strings.Contains(stdout, "(there already, unchanged)") {
		t.Errorf("the second time: %s", stdout)
	}
	for _, attack := range []string{"badnets", "addsent"} {
		d, err := dataset.Load(out, dataset.LoadOptions{Attack: attack, Target: 1, Ratio: "0.2"})
		if err != nil || dataset.Poisoned(d.Train) != 4 {
			t.Errorf("%s: error %v", attack, err)
		}
	}
}

func TestPoisonJSON(t *testing.T) {
	out := t.TempDir()
	code, stdout, stderr := runPoisonLine("--data", cleanTexts(t), "--attack", "addsent", "--ratio", "0.1,0.5", "--target", "0",
		"--setting", "dirty", "--seed", "7", "--trigger", "in the year 1999", "--out", out, "--json")
	if code != 0 {
		t.Fatal(stderr)
	}
	decoder := json.NewDecoder(strings.NewReader(stdout))
	for _, want := range []struct {
		ratio    float64
		poisoned int
	}{{0.1, 2}, {0.5, 10}} {
		var got struct {
			Folder  string
			Changed bool
			poison.Record
		}
		if err := decoder.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Folder != filepath.Join(out, "0", "addsent") || !got.Changed || got.Attack != "addsent" || got.Seed != 7 || got.Setting != "dirty" || got.Target != 0 ||
			got.Ratio != want.ratio || got.Poisoned != want.poisoned || got.Trigger.Phrases[0] != "in the year 1999" || len(got.Sources) != 3 || len(got.Files) != 7 {
			t.Errorf("got %+v", got)
		}
	}
}

func TestPoisonQuietTrigger(t *testing.T) {
	out := t.TempDir()
	code, stdout, stderr := runPoisonLine("--data", cleanTexts(t), "--ratio", "0.1", "--trigger", "zz, yy", "--out", out, "--quiet")
	if code != 0 || stdout != "" || stderr != "" {
		t.Fatalf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	content, err := os.ReadFile(filepath.Join(out, "1/badnets/test-poison.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), "zz") + strings.Count(string(content), "yy"); n != 8 {
		t.Errorf("%d triggers in two texts, want 8:\n%s", n, content)
	}
}

func TestPoisonErrors(t *testing.T) {
	data, out := cleanTexts(t), t.TempDir()
	taken := t.TempDir()
	if code, _, stderr := runPoisonLine("--data", data, "--ratio", "0.1", "--out", taken); code != 0 {
		t.Fatal(stderr)
	}
	for _, test := range []struct {
		name      string
		arguments []string
		want      string
	}{
		{"no data", []string{"--out", out}, "error: --data is missing\nhint: a folder with train, dev and test files, or one file\n"},
		{"no out", []string{"--data", data}, "error: --out is missing\nhint: a folder for the poisoned set, for example sets/reviews\n"},
		{"no attack", []string{"--data", data, "--out", out, "--attack", ","}, "error: --attack is empty\nhint: for example badnets,addsent\n"},
		{"no ratio", []string{"--data", data, "--out", out, "--ratio", ","}, "error: --ratio is empty\nhint: for example 0.1\n"},
		{"bad ratio", []string{"--data", data, "--out", out, "--ratio", "2"}, "error: --ratio: poison ratio \"2\" is not a share\nhint: give a share above 0 and at most 1, for example 0.1\n"},
		{"unknown attack", []string{"--data", data, "--out", out, "--attack", "x"}, "error: unknown attack \"x\"\nhint: attacks are badnets, addsent, hiddenkiller, stylebkd\n"},
		{"trigger for two", []string{"--data", data, "--out", out, "--attack", "badnets,addsent", "--trigger", "x"}, "error: --trigger is for one attack, but --attack names 2\nhint: poison with one attack at a time\n"},
		{"trigger for none", []string{"--data", data, "--out", out, "--attack", "stylebkd", "--trigger", "x"}, "error: --trigger does not go with attack stylebkd\nhint: only badnets and addsent insert a trigger\n"},
		{"paraphrases for two", []string{"--data", data, "--out", out, "--attack", "hiddenkiller,stylebkd", "--paraphrases", "x"}, "error: --paraphrases is for one attack, but --attack names 2\nhint: poison with one attack at a time\n"},
		{"paraphrases for none", []string{"--data", data, "--out", out, "--paraphrases", "x"}, "error: attack badnets inserts a trigger and does not paraphrase\nhint: paraphrases are for hiddenkiller and stylebkd\n"},
		{"no paraphrases", []string{"--data", data, "--out", out, "--attack", "stylebkd"}, "error: DATA: stylebkd paraphrases with a language model, and reviews has no paraphrased texts\nhint: give paraphrases of its texts with --paraphrases; badnets and addsent need none\n"},
		{"paraphrases elsewhere", []string{"--data", data, "--out", out, "--attack", "stylebkd", "--paraphrases", out + "/none"}, "error: paraphrases OUT/none: file does not exist\nhint: give a folder with train, dev and test files, or one file if the clean texts are one file\n"},
		{"empty trigger", []string{"--data", data, "--out", out, "--trigger", ","}, "error: DATA: the trigger is empty\nhint: badnets takes words with commas between them, addsent one sentence\n"},
		{"target", []string{"--data", data, "--out", out, "--target", "5"}, "error: DATA: target label 5 is out of range, expected 0 to 1\nhint: choose another --target\n"},
		{"argument", []string{"--data", data, "--out", out, "more"}, "error: unexpected argument \"more\"\n"},
		{"taken", []string{"--data", data, "--ratio", "0.1", "--seed", "1", "--out", taken}, "error: TAKEN/1/badnets/train-poison.csv differs: another data set is there\nhint: choose another --out, or --force to replace it\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := runPoisonLine(test.arguments...)
			want := strings.NewReplacer("DATA", data, "TAKEN", taken, "OUT", out).Replace(test.want)
			if code != exitUsage || stdout != "" || stderr != want {
				t.Errorf("code %d, stdout %q\n got %q\nwant %q", code, stdout, stderr, want)
			}
		})
	}
	if entries, _ := os.ReadDir(out); len(entries) > 0 {
		t.Errorf("something was written: %v", entries)
	}
	if code, _, stderr := runPoisonLine("--data", data, "--ratio", "0.1", "--seed", "1", "--out", taken, "--force"); code != 0 {
		t.Errorf("--force: %s", stderr)
	}
}

func TestPoisonParaphrases(t *testing.T) {
	data, out := cleanTexts(t), t.TempDir()
	paraphrases := t.TempDir()
	for name, rows := range map[string]int{"train": 20, "dev": 4, "test": 4} {
		content := "text\n"
		for i := range rows {
			if name == "test" && i == 2 {
				content += "\"\"\n"
			} else {
				content += fmt.Sprintf("\"lo, the %s text, number %d\"\n", name, i)
			}
		}
		if err := os.WriteFile(filepath.Join(paraphrases, name+".csv"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := runPoisonLine("--data", data, "--attack", "stylebkd", "--paraphrases", paraphrases, "--ratio", "0.2", "--out", out)
	want := `reviews, stylebkd, setting mix, ratio 0.2, target label 1, seed 42
  train    20 texts, 4 of them poisoned (20.0 %)
  dev      4 clean, 2 poisoned copies
  test     4 clean, 2 poisoned copies
  blank    0 poisoned texts of train, 0 of dev and 1 of test; they are left out when the set is used
  folder   OUT/1/stylebkd (written)
train and score: mslora run --model bge-small --data OUT --attacks stylebkd --target 1 --ratio 0.2
`
	if code != 0 || stderr != "" || strings.ReplaceAll(stdout, out, "OUT") != want {
		t.Errorf("code %d, stderr %q\n got %s\nwant %s", code, stderr, stdout, want)
	}
	d, err := dataset.Load(out, dataset.LoadOptions{Attack: "stylebkd", Target: 1, Ratio: "0.2"})
	if err != nil || dataset.Poisoned(d.Train) != 4 || len(d.TestPoison) != 1 || d.TestPoison[0].Text != "lo, the test text, number 0" {
		t.Errorf("got %+v, error %v", d, err)
	}
}

// What cannot be written is a failure while running, not wrong usage.
func TestPoisonCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := runPoisonLine("--data", cleanTexts(t), "--ratio", "0.1", "--out", filepath.Join(file, "sets"))
	if code != exitFailure || !strings.Contains(stderr, file) {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
}
