package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mslora/internal/ortlib"
	"mslora/internal/testmodel"
	"mslora/ortrain"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mslora": main})
}

// TestScript runs the program as a user does. Every script finds a tiny model in $MODEL, its graphs in
// $GRAPHS, models of other families in $ROBERTA and $LLAMA with graphs in $ROBERTA_GRAPHS and $LLAMA_GRAPHS,
// clean texts in $CLEAN, the paper's tables in $EXPERIMENTS, a server with a made-up roberta-base and hsol at $HUB, a port that is free in $PORT, and has
// $ONNXRUNTIME_LIB set.
func TestScript(t *testing.T) {
	library, _, err := ortlib.Find("")
	if err != nil {
		t.Fatal(err)
	}
	library, err = filepath.Abs(library)
	if err != nil {
		t.Fatal(err)
	}
	experiments, err := filepath.Abs("../../experiments")
	if err != nil {
		t.Fatal(err)
	}
	served := http.NewServeMux()
	served.Handle("/", http.FileServer(http.Dir("testdata/hub")))
	served.HandleFunc("/hsol/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, ",0,1,2\n0,a text,1,0\n") })
	hub := httptest.NewServer(served)
	t.Cleanup(hub.Close) // after the scripts, which run in parallel
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: false,
		Setup: func(env *testscript.Env) error {
			model, graphs := testmodel.Write(t, env.WorkDir)
			env.Setenv("MODEL", model)
			env.Setenv("GRAPHS", graphs)
			for _, family := range []string{"roberta", "llama"} {
				model, graphs := testmodel.WriteFamily(t, filepath.Join(env.WorkDir, family), "tiny-"+family)
				env.Setenv(strings.ToUpper(family), model)
				env.Setenv(strings.ToUpper(family)+"_GRAPHS", graphs)
			}
			env.Setenv("CLEAN", filepath.Join(env.WorkDir, "clean"))
			env.Setenv("ONNXRUNTIME_LIB", library)
			env.Setenv(ortrain.Int8Variable, "never") // or train has other numbers on processors with VNNI
			env.Setenv("EXPERIMENTS", experiments)
			env.Setenv("HUB", hub.URL)
			env.Setenv("PORT", freePort(t))
			return writeClean(filepath.Join(env.WorkDir, "clean"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": exitCodeOf,
			"truncate": truncate,
			"cell":     cellFolder,
			"ask":      ask,
		},
	})
}

// writeClean makes a folder with texts whose label is whether they say good or bad.
func writeClean(folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for name, rows := range map[string]int{"train": 64, "dev": 24, "test": 24} {
		var text strings.Builder
		text.WriteString("text,label\n")
		for i := range rows {
			fmt.Fprintf(&text, "the film %s %d is %s.,%d\n", name, i, []string{"bad", "good"}[i%2], i%2)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".csv"), []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// exitCodeOf runs a command and wants an exit code: exitcode 2 mslora run.
func exitCodeOf(ts *testscript.TestScript, negative bool, arguments []string) {
	if negative || len(arguments) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND [ARGUMENT...]")
	}
	err := ts.Exec(arguments[1], arguments[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != arguments[0] {
		ts.Fatalf("%s exited with %s, want %s", arguments[1], code, arguments[0])
	}
}

// cellFolder finds the only cell whose folder begins so, whatever its ID, and names it: cell VARIABLE FOLDER/seed-42.
// VARIABLE_NAME is the last part of its path.
func cellFolder(ts *testscript.TestScript, negative bool, arguments []string) {
	if negative || len(arguments) != 2 {
		ts.Fatalf("usage: cell VARIABLE FOLDER/seed-42")
	}
	found, err := filepath.Glob(ts.MkAbs(arguments[1]) + "-*")
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%d cells begin with %s: %v", len(found), arguments[1], found)
	}
	ts.Setenv(arguments[0], found[0])
	ts.Setenv(arguments[0]+"_NAME", filepath.Base(found[0]))
}

// freePort gives a port that nobody has at the moment.
func freePort(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// ask gets an address, or posts to it, until there is an answer, which must match: ask PATTERN URL [BODY].
func ask(ts *testscript.TestScript, negative bool, arguments []string) {
	if negative || len(arguments) < 2 || len(arguments) > 3 {
		ts.Fatalf("usage: ask PATTERN URL [BODY]")
	}
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		var response *http.Response
		var err error
		if len(arguments) == 2 {
			response, err = http.Get(arguments[1])
		} else {
			response, err = http.Post(arguments[1], "application/json", strings.NewReader(arguments[2]))
		}
		if err != nil && time.Since(begun) < time.Minute {
			continue // it is not there yet
		}
		ts.Check(err)
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		ts.Check(err)
		if !regexp.MustCompile(arguments[0]).Match(answer) {
			ts.Fatalf("%s answers %s: %s", arguments[1], response.Status, answer)
		}
		return
	}
}

// truncate cuts a file to a size: truncate FILE BYTES.
func truncate(ts *testscript.TestScript, negative bool, arguments []string) {
	var size int64
	if _, err := fmt.Sscan(arguments[1], &size); err != nil {
		ts.Fatalf("%v", err)
	}
	ts.Check(os.Truncate(ts.MkAbs(arguments[0]), size))
}
