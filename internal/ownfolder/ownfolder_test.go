package ownfolder

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/hint"
)

// toy is a kind with files of every sort.
var toy = Kind{
	Name: "toy", Files: []string{"config.json", "shard-*.bin", "adapter/weights.bin", "[0-9]*/*/train.csv"}, Folders: []string{"training"},
	Recognise: func(folder string) bool {
		data, _ := os.ReadFile(filepath.Join(folder, "config.json"))
		return string(data) == "old toy"
	},
}

// lay puts files, with slashes in their names, into a new folder. A name that ends with a slash is an empty folder.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

const marked = `{"program":"mslora","kind":"toy"}`

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		own   string // files that are there, spaces between
		want  string // the error; "": none
	}{
		{"empty", nil, "", ""},
		{"only what a kill leaves before the marker", map[string]string{"..mslora.json.tmp-0123abcd": "", ".lock": ""}, "", ""},
		{"marked", map[string]string{Marker: marked}, "", ""},
		{"whole", map[string]string{
			Marker: marked, "config.json": "", "shard-1.bin": "", "adapter/weights.bin": "", "1/badnets/train.csv": "", "training/any/thing": "", ".lock": "",
		}, "1/badnets/train.csv adapter/weights.bin config.json shard-1.bin", ""},
		{"what a kill leaves", map[string]string{Marker: marked, ".config.json.tmp-0123abcd": "", "adapter/.weights.bin.tmp-0123abcd": ""}, "", ""},
		{"what systems leave", map[string]string{Marker: marked, ".DS_Store": "", ".nfs00001": ""}, "", ""},
		{"an earlier version's", map[string]string{"config.json": "old toy", "training/x": ""}, "config.json", ""},
		{"an earlier version's with a file of somebody's", map[string]string{"config.json": "old toy", "notes": ""}, "", "FOLDER/notes is not a file that mslora made there"},
		{"a project with files of our names", map[string]string{"config.json": "{}", "adapter/weights.bin": ""}, "", "FOLDER/adapter/weights.bin is not a file that mslora made there"},
		{"a project with a folder of our names", map[string]string{"training/model.py": ""}, "", "FOLDER/training/model.py is not a file that mslora made there"},
		{"a project with folders", map[string]string{"src/a/b.go": "", "src/c.go": ""}, "", "FOLDER/src/a/b.go is not a file that mslora made there"},
		{"an empty folder in it", map[string]string{"src/": ""}, "", "FOLDER/src is not a file that mslora made there"},
		{"a file beside ours", map[string]string{Marker: marked, "config.json": "", "README.md": "", "notes": ""}, "", "FOLDER/README.md is not a file that mslora made there"},
		{"a file in a folder of ours", map[string]string{Marker: marked, "adapter/mine": "", "adapter/weights.bin": ""}, "", "FOLDER/adapter/mine is not a file that mslora made there"},
		{"a file where a folder of ours would be", map[string]string{Marker: marked, "adapter": ""}, "", "FOLDER/adapter is not a file that mslora made there"},
		{"a folder where a file of ours would be", map[string]string{Marker: marked, "config.json/x": ""}, "", "FOLDER/config.json/x is not a file that mslora made there"},
		{"a temporary file of another", map[string]string{".notes.tmp-0123abcd": ""}, "", "FOLDER/.notes.tmp-0123abcd is not a file that mslora made there"},
		{"a lock below", map[string]string{Marker: marked, "adapter/.lock": ""}, "", "FOLDER/adapter/.lock is not a file that mslora made there"},
		{"another kind", map[string]string{Marker: `{"program":"mslora","kind":"cell"}`}, "", `FOLDER was made as "cell", expected "toy"`},
		{"a marker of another program", map[string]string{Marker: `{"program":"other","kind":"toy"}`}, "", "FOLDER/.mslora.json does not say what made its folder"},
		{"a damaged marker", map[string]string{Marker: "{"}, "", "FOLDER/.mslora.json does not say what made its folder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := lay(t, test.files)
			files, err := toy.Check(folder)
			message := ""
			if err != nil {
				message = strings.ReplaceAll(err.Error(), folder, "FOLDER")
				var hinted *hint.Error
				if !errors.As(err, &hinted) || hinted.Hint == "" || !errors.Is(err, ErrForeign) {
					t.Errorf("%v: no hint, or not ErrForeign", err)
				}
			}
			if message != test.want || strings.Join(files, " ") != test.own {
				t.Errorf("got %q, error %q\nwant %q, error %q", files, message, test.own, test.want)
			}
			// Claim and Clear refuse what Check refuses, and do nothing then.
			if test.want != "" && (toy.Claim(folder) == nil || toy.Clear(folder) == nil) {
				t.Error("Claim or Clear went on")
			}
			if test.want == "" {
				return
			}
			for name, text := range test.files {
				if data, err := os.ReadFile(filepath.Join(folder, name)); !strings.HasSuffix(name, "/") && (err != nil || string(data) != text) {
					t.Errorf("%s: %q, error %v", name, data, err)
				}
			}
		})
	}
}

func TestCheckWithoutFolder(t *testing.T) {
	if files, err := toy.Check(filepath.Join(t.TempDir(), "none")); err != nil || files != nil {
		t.Errorf("%v, error %v", files, err)
	}
	file := filepath.Join(lay(t, map[string]string{"a": ""}), "a")
	if _, err := toy.Check(file); err == nil || err.Error() != file+" is a file, expected a folder" {
		t.Errorf("error %v", err)
	}
}

// A folder is looked into whatever links lead to it; links in it are not followed, so that what they lead to is spared.
func TestCheckThroughLinks(t *testing.T) {
	folder, elsewhere := lay(t, map[string]string{Marker: marked}), lay(t, map[string]string{"precious": ""})
	link := filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.Symlink(folder, link), os.Symlink(elsewhere, filepath.Join(folder, "adapter"))); err != nil {
		t.Fatal(err)
	}
	if _, err := toy.Check(link); err == nil || !strings.Contains(err.Error(), "adapter is not a file") {
		t.Errorf("error %v", err)
	}
}

func TestClaim(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		if err := toy.Claim(folder); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(filepath.Join(folder, Marker)); string(data) != marked+"\n" {
			t.Errorf("%q, error %v", data, err)
		}
	}
	old := lay(t, map[string]string{"config.json": "old toy"})
	if err := toy.Claim(old); err != nil {
		t.Fatal(err)
	}
	if kind, err := readMarker(old); kind != "toy" {
		t.Errorf("kind %q, error %v", kind, err)
	}
}

func TestClear(t *testing.T) {
	folder := lay(t, map[string]string{Marker: marked, "config.json": "", "1/badnets/train.csv": "", "adapter/weights.bin": "", "training/x": "", ".lock": ""})
	if err := toy.Clear(folder); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got := strings.Join(left, " "); err != nil || got != ".lock .mslora.json training" {
		t.Errorf("left %s, error %v", got, err)
	}
	if err := toy.Clear(filepath.Join(folder, "none")); err != nil {
		t.Error(err)
	}
}

func TestNotInput(t *testing.T) {
	folder := lay(t, map[string]string{"model/config.json": "", "data.csv": "", "out/own.csv": "", "links/": ""})
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := errors.Join(os.Symlink(at("model"), at("links/model")), os.Symlink(at("out/own.csv"), at("links/own.csv")), os.Symlink(at("data.csv"), at("out/linked.csv"))); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		out, input string
		want       string // "": allowed
	}{
		{"model", "model", "OUT is an input, INPUT, and would be overwritten"},
		{"links/model", "model", "OUT is an input, INPUT, and would be overwritten"},
		{"model", "links/model", "OUT is an input, INPUT, and would be overwritten"},
		{"model/../model", "model", "OUT is an input, INPUT, and would be overwritten"},
		{"data.csv", "data.csv", "OUT is an input, INPUT, and would be overwritten"},
		{"out", "out/own.csv", "OUT holds an input, INPUT"},
		{"out", "links/own.csv", "OUT holds an input, INPUT"},
		{"out", "out/linked.csv", "OUT holds an input, INPUT"},
		{"out", "data.csv", ""},
		{"out", "model", ""},
		{"none", "data.csv", ""},
		{"out", "none", ""},
	} {
		err := NotInput(at(test.out), "", at(test.input))
		message := ""
		if err != nil {
			message = strings.NewReplacer(at(test.input), "INPUT").Replace(strings.Replace(err.Error(), at(test.out), "OUT", 1))
		}
		if want := test.want; message != want && !(test.out == test.input && strings.HasPrefix(message, "OUT is an input")) {
			t.Errorf("%s, %s: error %q, want %q", test.out, test.input, message, want)
		}
		if err != nil && !errors.Is(err, ErrForeign) {
			t.Errorf("%v is not ErrForeign", err)
		}
	}
	if err := NotInput(at("out"), ""); err != nil {
		t.Error(err)
	}
}

func FuzzParseMarker(f *testing.F) {
	for _, seed := range []string{marked, "{}", "{", `{"program":"mslora"}`, `{"program":"mslora","kind":3}`, "null"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, err := parseMarker("x", data)
		if (err == nil) == (kind == "") {
			t.Errorf("kind %q, error %v", kind, err)
		}
	})
}
