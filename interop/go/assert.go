package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/sessions"
)

// assertions are real type assertions, spelt as an application spells them.
var assertions = map[string]func(interface{}) bool{
	"bool":                        holds[bool],
	"int":                         holds[int],
	"int8":                        holds[int8],
	"int16":                       holds[int16],
	"int32":                       holds[int32],
	"int64":                       holds[int64],
	"uint":                        holds[uint],
	"uint8":                       holds[uint8],
	"uint16":                      holds[uint16],
	"uint32":                      holds[uint32],
	"uint64":                      holds[uint64],
	"float32":                     holds[float32],
	"float64":                     holds[float64],
	"string":                      holds[string],
	"[]byte":                      holds[[]byte],
	"[]int":                       holds[[]int],
	"[]int64":                     holds[[]int64],
	"[]string":                    holds[[]string],
	"[]bool":                      holds[[]bool],
	"[]float64":                   holds[[]float64],
	"[]interface{}":               holds[[]interface{}],
	"map[string]interface{}":      holds[map[string]interface{}],
	"map[string]string":           holds[map[string]string],
	"map[string]int":              holds[map[string]int],
	"map[interface{}]interface{}": holds[map[interface{}]interface{}],
	"time.Time":                   holds[time.Time],
	"time.Duration":               holds[time.Duration],
	"main.User":                   holds[User],
	"*main.Profile":               holds[*Profile],
	"main.Flash":                  holds[Flash],
	"[]main.Flash":                holds[[]Flash],
	"main.Role":                   holds[Role],
	"main.Level":                  holds[Level],
	"main.Settings":               holds[Settings],
	"main.Complex":                holds[Complex],
	"main.Node":                   holds[Node],
	"main.Embedded":               holds[Embedded],
	"main.UUID":                   holds[UUID],
	"main.Money":                  holds[Money],
	"main.Color":                  holds[Color],
	"main.Account":                holds[Account],
}

func holds[T any](value interface{}) bool {
	_, ok := value.(T)
	return ok
}

// assert does `session.Values[key].(as)` and does not save.
func assert(r *http.Request, session *sessions.Session) (reply, error) {
	var q struct{ Key, As string }
	if err := strictly(r, &q); err != nil {
		return reply{}, err
	}
	assertion, ok := assertions[q.As]
	if !ok {
		return reply{}, fmt.Errorf("no assertion is called %q", q.As)
	}
	value := session.Values[q.Key]
	body := answer{"dynamic": fmt.Sprintf("%T", value), "value": describe(value)}
	if !assertion(value) {
		return reply{status: http.StatusConflict, body: body}, nil
	}
	return reply{body: body}, nil
}
