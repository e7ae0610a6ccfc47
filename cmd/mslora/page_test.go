package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mslora/internal/ortlib"
	"mslora/internal/testmodel"
)

// block is a fenced block of a page.
type block struct {
	language, content string
	line              int // of its content, from 1
}

var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

func blocks(page string) (all []block) {
	for _, m := range fence.FindAllStringSubmatchIndex(page, -1) {
		all = append(all, block{page[m[2]:m[3]], page[m[4]:m[5]], 1 + strings.Count(page[:m[4]], "\n")})
	}
	return all
}

// The commands of tutorials must work in their order, and print what the page says but for numbers. They run on
// the tiny model and made-up texts under the names of the page; of make they only check that it knows the targets.
func TestTutorials(t *testing.T) {
	for _, test := range []struct {
		page, from, to string // the tutorial is between these headings
		commands       int    // blocks of them
	}{
		{"first-classifier.md", "# My first", "", 6},
		{"audit.md", "## Before training", "## What is compared", 5},
	} {
		t.Run(test.page, func(t *testing.T) {
			t.Parallel()
			page, err := os.ReadFile("../../docs/" + test.page)
			if err != nil {
				t.Fatal(err)
			}
			before, tutorial, ok := strings.Cut(string(page), test.from)
			end := len(tutorial)
			if test.to != "" {
				end = strings.Index(tutorial, test.to)
			}
			if !ok || end < 0 {
				t.Fatalf("the page lacks %q or %q", test.from, test.to)
			}
			if got := runTutorial(t, tutorial[:end], strings.Count(before, "\n")); got != test.commands {
				t.Errorf("%d blocks of commands were found, want %d", got, test.commands)
			}
		})
	}
}

// runTutorial gives the number of blocks of commands. above is the number of the page's lines before the tutorial.
func runTutorial(t *testing.T, tutorial string, above int) int {
	t.Helper()
	environment, folder := tutorialFolder(t)
	commands, printed := 0, ""
	for _, b := range blocks(tutorial) {
		b.line += above
		switch b.language {
		case "sh":
			command := exec.Command("sh", "-e", "-c", b.content)
			command.Dir, command.Env = folder, environment
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("line %d: %v\n%s\n%s", b.line, err, b.content, output)
			}
			commands, printed = commands+1, string(output)
		case "text":
			if !shows(b.content, printed) {
				t.Errorf("line %d: the page shows\n%s\nbut the command prints\n%s", b.line, b.content, printed)
			}
		case "console": // what the real texts give; made-up ones give something else
		default:
			t.Errorf("line %d: a block is sh, text or console, not %q", b.line, b.language)
		}
	}
	return commands
}

// tutorialFolder makes a folder that looks like a checkout after `make build model reviews`.
func tutorialFolder(t *testing.T) (environment []string, folder string) {
	t.Helper()
	library, _, err := ortlib.Find("")
	if err != nil {
		t.Fatal(err)
	}
	if library, err = filepath.Abs(library); err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	realMake, err := exec.LookPath("make")
	if err != nil {
		t.Skip("there is no make")
	}
	test, err := os.Executable() // acts as mslora under that name
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	model, graphs := testmodel.Write(t, filepath.Join(folder, "tiny"))
	for _, place := range []string{".deps/models", ".deps/data", "bin", "program", "path"} {
		if err := os.MkdirAll(filepath.Join(folder, place), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{".deps/models/bge-small": model, "program/mslora": test} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	// The tiny model's graphs are not built in, and only tests know where they are.
	wrapper := "#!/bin/sh\ncase $1 in train|predict|audit) set -- \"$@\" --graphs '" + graphs + "' ;; esac\nexec '" + folder + "/program/mslora' \"$@\"\n"
	dry := "#!/bin/sh\nexec '" + realMake + "' --dry-run -C '" + checkout + "' \"$@\"\n"
	for name, script := range map[string]string{"bin/mslora": wrapper, "path/make": dry} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	reviews := filepath.Join(folder, ".deps/data/reviews")
	if err := writeClean(reviews); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"train", "dev"} { // 96 texts of dev are trusted, and a search needs 100 others
		var texts bytes.Buffer
		texts.WriteString("text,label\n")
		for i := range 120 {
			fmt.Fprintf(&texts, "the film %s %d is %s.,%d\n", part, i, []string{"bad", "good"}[i%2], i%2)
		}
		if err := os.WriteFile(filepath.Join(reviews, part+".csv"), texts.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return append(os.Environ(), "PATH="+filepath.Join(folder, "path")+":"+os.Getenv("PATH"), "ONNXRUNTIME_LIB="+library,
		"MSLORA_MODELS=", "MSLORA_DATA="), folder
}

var numbers = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// shape is a line without its numbers and the width of its spaces.
func shape(line string) string {
	return strings.Join(strings.Fields(numbers.ReplaceAllString(line, "0")), " ")
}

// shows tells whether a page's block has the shape of what was printed: … stands for any lines, or for the rest of a
// line.
func shows(block, printed string) bool {
	var pattern strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
		if line == "…" {
			pattern.WriteString("(.*\n)*?")
			continue
		}
		start, any := strings.CutSuffix(line, " …")
		pattern.WriteString(regexp.QuoteMeta(shape(start)))
		if any {
			pattern.WriteString(" .*")
		}
		pattern.WriteString("\n")
	}
	var got strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(printed), "\n") {
		got.WriteString(shape(line) + "\n")
	}
	return regexp.MustCompile("^" + pattern.String() + "$").MatchString(got.String())
}

func TestShows(t *testing.T) {
	printed := "model a: 12 texts\n  epoch 1  loss 0.5\n  epoch 2  loss 0.25  best so far\ntest accuracy 80.00 %\n   7 0\n"
	for _, test := range []struct {
		block string
		want  bool
	}{
		{"model a: 3 texts\n…\n  epoch 9 …\ntest accuracy 1 %\n 123 1", true},
		{"…\ntest accuracy 77.1 %\n…", true},
		{"…", true},
		{"…\ndev accuracy 77.1 %\n…", false},
		{"…\ntest accuracy 77.1 %", false}, // a line more was printed
		{"test accuracy 77.1 %\n…", false},
		{"model b: 12 texts\n…", false},
		{"…\n  epoch 2  loss\n…", false},
	} {
		if got := shows(test.block, printed); got != test.want {
			t.Errorf("%q: %v, want %v", test.block, got, test.want)
		}
	}
	if got := blocks("a\n```sh\nx\ny\n```\nb\n```\nz\n```\n"); !slices.Equal(got, []block{{"sh", "x\ny\n", 3}, {"", "z\n", 8}}) {
		t.Errorf("%v", got)
	}
}
