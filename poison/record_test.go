package poison

import (
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"mslora/dataset"
)

const (
	madeFolder = "1/badnets/clean/0.3"
	madeRecord = madeFolder + "/" + recordFile
)

// madeSet is a checkedSet of BadNets, with the text of its record.
func madeSet(t *testing.T) (dir, record string) {
	t.Helper()
	dir = checkedSet(t, MakeOptions{Attack: dataset.BadNets, Target: 1, Ratio: 0.3, Seed: 1})
	content, err := os.ReadFile(filepath.Join(dir, madeRecord))
	if err != nil {
		t.Fatal(err)
	}
	return dir, string(content)
}

func TestReadRecord(t *testing.T) {
	dir, _ := madeSet(t)
	r, err := readRecord(filepath.Join(dir, madeRecord))
	if err != nil || r.Attack != dataset.BadNets || r.Ratio != 0.3 || len(r.Files) != 7 || len(r.Sources) != 3 || r.Poisoned != 3 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// A record that no set can have is one line of error.
func TestReadRecordErrors(t *testing.T) {
	dir, record := madeSet(t)
	const sum = `"sha256": "`
	for _, test := range []struct{ name, from, to, want string }{
		{"not JSON", record, "<html>", "invalid character '<'"},
		{"cut", record, record[:len(record)/2], "unexpected EOF"},
		{"more", record, record + "{}", "it goes on after its JSON object"},
		{"unknown key", `"seed"`, `"sead"`, `unknown field "sead"`},
		{"nothing", record, "{}", `attack is "", expected one of badnets, addsent, hiddenkiller, stylebkd`},
		{"null", record, "null", `attack is "", expected one of`},
		{"attack", `"attack": "badnets"`, `"attack": "synbkd"`, `attack is "synbkd", expected one of`},
		{"setting", `"setting": "clean"`, `"setting": "../clean"`, `setting is "../clean", expected one of clean, dirty, mix`},
		{"target", `"target": 1`, `"target": -1`, "target is -1, expected a label from 0"},
		{"ratio", `"ratio": 0.3`, `"ratio": 1.5`, "ratio is 1.5, expected above 0 and at most 1"},
		{"no ratio", `"ratio": 0.3`, `"ratio": 0`, "ratio is 0, expected above 0 and at most 1"},
		{"seed", `"seed": 1`, `"seed": -1`, "cannot unmarshal number -1"},
		{"poisoned", `"poisoned": 3`, `"poisoned": -3`, "poisoned is -3, expected a number of texts"},
		{"trigger", `"insertions": 4`, `"insertions": 0`, "the trigger is empty"},
		{"trigger of a paraphrase", `"attack": "badnets"`, `"attack": "stylebkd"`, "there is a trigger, but stylebkd paraphrases"},
		{"escape", `"cf"`, `"\u001b[2J"`, "other control characters"},
		{"no files", `"files": [`, `"files": [], "sources": [`, "files lists no file"},
		{"rows", `"rows": 10`, `"rows": -10`, "sources[0]: rows is -10, expected a number of rows"},
		{"too many rows", `"rows": 10`, `"rows": 9000000000000000000`, "sources[0]: rows is 9000000000000000000, expected a number of rows"},
		{"skipped", `"rows": 10`, `"skipped": -1, "rows": 10`, "sources[0]: skipped is -1, expected a number of rows"},
		{"checksum", sum, sum + "x", `sources[0]: sha256 is "x`},
		{"no path", `"path": "train-clean.csv"`, `"path": ""`, "files[0]: it has no path"},
		{"above", `"path": "train-clean.csv"`, `"path": "../../etc/hostname"`, `files[0]: path "../../etc/hostname" leads out of the set's folder`},
		{"above by a detour", `"path": "train-clean.csv"`, `"path": "clean/../../x"`, `files[0]: path "clean/../../x" leads out of the set's folder`},
		{"absolute", `"path": "train-clean.csv"`, `"path": "/dev/zero"`, `files[0]: path "/dev/zero" leads out of the set's folder`},
		{"detour", `"path": "train-clean.csv"`, `"path": "./train-clean.csv"`, `files[0]: path "./train-clean.csv" is not in its shortest form`},
		{"twice", `"path": "train-poison.csv"`, `"path": "train-clean.csv"`, `files[1]: path "train-clean.csv" is there twice`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(record, test.from) {
				t.Fatalf("%q is not in the record", test.from)
			}
			place := filepath.Join(dir, madeRecord)
			if err := os.WriteFile(place, []byte(strings.Replace(record, test.from, test.to, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := readRecord(place)
			if err == nil || !strings.HasPrefix(err.Error(), place+": not the record of a set: ") || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, test.want)
			}
			_, problems, _ := checkFindings(t, dir, CheckOptions{})
			if len(problems) != 1 || !strings.Contains(problems[0], test.want) {
				t.Errorf("problems %q, want one", problems)
			}
		})
	}
}

// What a set's files are replaced by is a problem each, and is not read.
func TestCheckReplacedFiles(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(elsewhere, []byte("secret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := func(to string) func(string) error { return func(path string) error { return os.Symlink(to, path) } }
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o644) }
	for _, test := range []struct {
		name, file string
		put        func(path string) error
		want       string // besides the file's path
	}{
		{"link out", "1/badnets/dev-clean.csv", link(elsewhere), "it is a link that leads out of DIR"},
		{"link to a device", "1/badnets/test-poison.csv", link("/dev/zero"), "it is a link that leads out of DIR"},
		{"link of the training set", madeFolder + "/train-poison.csv", link(elsewhere), "it is a link that leads out of DIR"},
		{"link of the record", madeRecord, link(elsewhere), "it is a link that leads out of DIR"},
		{"pipe", "1/badnets/train-clean.csv", pipe, "not a regular file: it is a pipe"},
		{"pipe as record", madeRecord, pipe, "not a regular file: it is a pipe"},
		{"folder", "1/badnets/test-clean.csv", func(path string) error { return os.Mkdir(path, 0o755) }, "not a regular file: it is a folder"},
		{"huge record", madeRecord, hole(1 << 40), "too large: 1099511627776 bytes, expected at most 1048576"},
		{"huge file", "1/badnets/train-poison.csv", hole(1 << 40), "it has 1099511627776 bytes, more than the rows that DIR/" + madeRecord + " lists can have"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, _ := madeSet(t)
			path := filepath.Join(dir, test.file)
			if err := errors.Join(os.Remove(path), test.put(path)); err != nil {
				t.Fatal(err)
			}
			_, problems, _ := checkFindings(t, dir, CheckOptions{})
			if want := "DIR/" + test.file + ": " + test.want; !slices.Equal(problems, []string{want}) {
				t.Errorf("problems %q, want %q", problems, want)
			}
		})
	}
}

// hole makes a file of a size that takes no space on the disk.
func hole(size int64) func(string) error {
	return func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, size)) }
}

// Sets may share files by links inside their folder.
func TestCheckLinksInside(t *testing.T) {
	dir, _ := madeSet(t)
	shared := filepath.Join(dir, "shared.csv")
	clean := filepath.Join(dir, "1/badnets/train-clean.csv")
	if err := errors.Join(os.Rename(clean, shared), os.Symlink("../../shared.csv", clean)); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(t.TempDir(), "set")
	if err := os.Symlink(dir, linked); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{dir, linked} {
		if _, problems, _ := checkFindings(t, folder, CheckOptions{}); len(problems) > 0 {
			t.Errorf("problems %q", problems)
		}
	}
}

// A record vouches for the files of its set alone.
func TestCheckListedFiles(t *testing.T) {
	dir, record := madeSet(t)
	damage(t, filepath.Join(dir, madeRecord), func(string) string {
		return strings.Replace(record, `"path": "dev-poison.csv"`, `"path": "notes/other.csv"`, 1)
	})
	_, problems, _ := checkFindings(t, dir, CheckOptions{})
	if want := "DIR/" + madeRecord + `: it lists "notes/other.csv", which is no file of this set`; !slices.Equal(problems, []string{want}) {
		t.Errorf("problems %q, want %q", problems, want)
	}
}

// A record that is accepted names local files once, counts nothing below 0, and survives writing and reading.
func FuzzParseRecord(f *testing.F) {
	for _, folder := range []string{"badnets/clean/0.3", "addsent/mix/0.2"} {
		seed, err := os.ReadFile(filepath.Join("testdata/golden/1", folder, recordFile))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Add([]byte(`{"attack": "stylebkd", "setting": "mix", "ratio": 1, "files": [{"path": "a/b", "sha256": "` + strings.Repeat("0", 64) + `"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than one line: %q", err)
			}
			return
		}
		if !slices.Contains(dataset.Attacks, r.Attack) || r.Target < 0 || r.Poisoned < 0 || len(r.Files) == 0 {
			t.Fatalf("accepted %+v", r)
		}
		paths := map[string]bool{}
		for _, file := range r.Files {
			if joined := path.Join("set", file.Path); !strings.HasPrefix(joined, "set/") || paths[joined] || file.Rows < 0 || file.Skipped < 0 || mostBytes(file) < 0 {
				t.Fatalf("accepted %+v", file)
			}
			paths[path.Join("set", file.Path)] = true
		}
		encoded, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseRecord(encoded)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("wrote %+v, read %+v, %v", r, again, err)
		}
	})
}
