package main

import (
	"strings"
	"testing"

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
		row  []string
		want string // or the error
	}{
		{[]string{"0", "true", "", "", ""}, ""},
		{[]string{"0", "false", "why", "", ""}, "dropped"},
		{[]string{"0", "true", "why", "1", ""}, "relabelled up"},
		{[]string{"0", "true", "why", "", "0.25"}, "weight 0.25"},
		{[]string{"0", "true", "", "", "0.75"}, ""},
		{[]string{"0", "true", "why", "2", ""}, `there is no label "2"`},
	} {
		got, err := treated(c.row, labels)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.row, got, c.want)
		}
	}
}
