SELECT changes, requests FROM pgstore_demo_usual_sessions WHERE id = $1
