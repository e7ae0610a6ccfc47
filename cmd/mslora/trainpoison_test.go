package main

import (
	"strings"
	"testing"

	"mslora/defence"
	"mslora/eval"
	"mslora/params"
	"mslora/suspicion"
)

func TestWhatToDeploy(t *testing.T) {
	attacked := []suspicion.Finding{{Label: 1}}
	for name, c := range map[string]struct {
		purified eval.Purified
		moved    bool
		want     string // its beginning
	}{
		"nothing found":        {eval.Purified{Attacked: []suspicion.Finding{}}, false, "Deploy this classifier if its scores suit you"},
		"dropped":              {eval.Purified{Attacked: attacked}, false, "Deploy this classifier: it has not seen the dropped texts"},
		"dropped, still moved": {eval.Purified{Attacked: attacked}, true, "Do not deploy this classifier before"},
		"relabelled":           {eval.Purified{Attacked: attacked, Treatment: params.SuspectedRelabel}, false, "Deploy this classifier: the labels of the suspected texts counted for little or nothing"},
		"weighed, still moved": {eval.Purified{Attacked: attacked, Treatment: params.SuspectedWeigh}, true, "Do not deploy this classifier before"},
	} {
		if got := whatToDeploy(c.purified, c.moved); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTreated(t *testing.T) {
	labels := []string{"down", "up"}
	for _, c := range []struct {
		decision defence.Decision
		want     string
	}{
		{defence.Decision{}, "dropped"},
		{defence.Decision{Keep: true, Relabelled: true, Label: 1}, "relabelled up"},
		{defence.Decision{Keep: true, Weight: 0.25}, "weight 0.25"},
	} {
		if got := treated(c.decision, labels); got != c.want {
			t.Errorf("%+v: %q, want %q", c.decision, got, c.want)
		}
	}
}
