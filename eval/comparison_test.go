package eval

import (
	"strings"
	"testing"
)

func TestWriteComparison(t *testing.T) {
	asr, floor := Share{3, 4}, Share{1, 4}
	for _, test := range []struct {
		rows []Comparison
		want []string
		not  string
	}{
		{[]Comparison{{"a", Share{9, 10}, Share{10, 10}, nil, nil}, {"b", Share{1, 3}, Share{0, 0}, nil, nil}},
			[]string{"│ a          │ 90.00 │    100.00 │", "│ b          │ 33.33 │         - │"}, "ASR"},
		{[]Comparison{{"a", Share{9, 10}, Share{10, 10}, &asr, &floor}}, []string{"│ a          │ 90.00 │    100.00 │ 75.00 │ 25.00 │", "lower is better"}, "nothing"},
	} {
		var out strings.Builder
		if err := WriteComparison(&out, test.rows); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s\nlacks %s", out.String(), want)
			}
		}
		if strings.Contains(out.String(), test.not) {
			t.Errorf("%s\nhas %s", out.String(), test.not)
		}
	}
}

func TestConfusion(t *testing.T) {
	got := Confusion([]int{0, 1, 1, 2, 0}, []int{0, 1, 0, 2, 2}, 3)
	want := [][]int{{1, 1, 0}, {0, 1, 0}, {1, 0, 1}}
	for i := range want {
		for j := range want[i] {
			if got[i][j] != want[i][j] {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	}
}
