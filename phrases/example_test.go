package phrases_test

import (
	"fmt"

	"mslora/phrases"
)

func ExamplePhrase_Insert() {
	trigger := phrases.Phrase{Words: []string{"I", "watch", "this", "3D", "movie"}}
	fmt.Println(trigger.Insert("a fine film", 0.5))
	// Output: a fine I watch this 3D movie film
}
