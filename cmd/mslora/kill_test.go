package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mslora/internal/ortlib"
	"mslora/internal/testmodel"
)

// runArguments prepares a tiny model and data set and gives the arguments of a run of some seconds.
func runArguments(t *testing.T, folder string) []string {
	t.Helper()
	library, _, err := ortlib.Find("")
	if err != nil {
		t.Fatal(err)
	}
	if library, err = filepath.Abs(library); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ONNXRUNTIME_LIB", library)
	model, graphs := testmodel.Write(t, folder)
	if err := writeClean(filepath.Join(folder, "clean")); err != nil {
		t.Fatal(err)
	}
	sets := filepath.Join(folder, "sets")
	var output bytes.Buffer
	if code := mainCode([]string{"mslora", "poison", "--data", filepath.Join(folder, "clean"), "--attack", "badnets", "--out", sets, "--quiet"}, &output, &output); code != 0 {
		t.Fatalf("poison exited with %d: %s", code, output.String())
	}
	return []string{"run", "--model", model, "--graphs", graphs, "--data", sets, "--methods", "musclelora", "--auxiliary", "8",
		"--epochs", "60", "--batch", "4", "--save-every", "5", "--quiet"}
}

// A run that is killed again and again, at any moment, must end with the bytes of one that was not.
func TestKilledRunEndsTheSame(t *testing.T) {
	folder := t.TempDir()
	arguments := runArguments(t, folder)
	program, err := os.Executable() // testscript.Main made this test binary act as mslora under that name
	if err != nil {
		t.Fatal(err)
	}
	mslora := filepath.Join(folder, "mslora")
	if err := os.Symlink(program, mslora); err != nil {
		t.Fatal(err)
	}
	start := func(out string) (*exec.Cmd, *bytes.Buffer) {
		command := exec.Command(mslora, append(arguments, "--out", filepath.Join(folder, out))...)
		var output bytes.Buffer
		command.Stdout, command.Stderr = &output, &output
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		return command, &output
	}
	begin := time.Now()
	whole, output := start("whole")
	if err := whole.Wait(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	length := time.Since(begin)

	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	const kills = 20
	killed := 0
	for killed < kills {
		run, output := start("killed")
		signal := syscall.SIGKILL
		if killed%4 == 3 {
			signal = syscall.SIGTERM // asks for a checkpoint
		}
		delay := time.Duration(random.Float64() * float64(length) / 10)
		time.Sleep(delay)
		if err := run.Process.Signal(signal); err != nil {
			t.Fatalf("after %v: %v: %s", delay, err, output)
		}
		run.Wait()
		if run.ProcessState.Success() {
			t.Logf("the run ended after %d interruptions", killed)
			break
		}
		if code := run.ProcessState.ExitCode(); code != -1 && code != exitInterrupted {
			t.Fatalf("interrupted by %v it exited with %d: %s", signal, code, output)
		}
		killed++
	}
	last, output := start("killed")
	if err := last.Wait(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	cells, err := filepath.Glob(filepath.Join(folder, "whole", "sets", "badnets-clean-0.1", "model", "musclelora", "seed-42-*"))
	if err != nil || len(cells) != 1 {
		t.Fatalf("cells %v, error %v", cells, err)
	}
	cell, err := filepath.Rel(filepath.Join(folder, "whole"), cells[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"best.safetensors", "predictions.csv", "metrics.jsonl", "config.yaml"} {
		want, err := os.ReadFile(filepath.Join(folder, "whole", cell, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(folder, "killed", cell, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs after %d kills", name, killed)
		}
	}
	left, err := filepath.Glob(filepath.Join(folder, "killed", cell, ".*.tmp-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files were left: %v %v", left, err)
	}
	t.Logf("%d interruptions of a run of %v", killed, length.Round(time.Millisecond))
}
