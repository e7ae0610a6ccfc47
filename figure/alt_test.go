package figure

import "testing"

// Pictures of one kind have texts of their own in their place, which say what they are of.
func TestAlt(t *testing.T) {
	row := func(attack, method string) []any { return []any{attack, method} }
	for _, test := range []struct {
		name string
		rows [][]any
		want string
	}{
		{"one", [][]any{row("badnets", "vanilla"), row("badnets", "vanilla")}, "scores: Vanilla on badnets"},
		{"two", [][]any{row("badnets", "vanilla"), row("addsent", "musclelora")}, "scores: Vanilla and MuScleLoRA on badnets and addsent"},
		{"three", [][]any{row("badnets", "vanilla"), row("badnets", "lora"), row("badnets", "own\n")}, "scores: Vanilla, LoRA and own  on badnets"},
		{
			"many", [][]any{row("badnets", "a"), row("badnets", "b"), row("badnets", "c"), row("badnets", "d"), row("badnets", "e"), row("badnets", "f"), row("badnets", "g")},
			"scores: 7 methods on badnets",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := Figure{About: "scores", Table: Table{Columns: []string{"attack", "method"}, Rows: test.rows}}
			if got := f.Alt(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
