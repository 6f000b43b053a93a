module pgstore.test/peer

go 1.23

require (
	github.com/gorilla/securecookie v1.1.2
	github.com/gorilla/sessions v1.4.0
	github.com/lib/pq v1.12.3
)
